// What this implementation makes of the vectors of messages: { name, hex | text, fields, ok | errorName }.

package main

import (
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

type messageVector struct {
	Name, Hex, ErrorName string
	Fields               map[string]any
}

// refusal is why something is refused, by the name that the vectors have for it.
type refusal struct {
	name string
	err  error
}

func (r refusal) Error() string { return r.name + ": " + r.err.Error() }

func (r refusal) Unwrap() error { return r.err }

func refuse(name string, err error) error { return refusal{name, err} }

type readVector func(data []byte, fields map[string]any) error

var messageReaders = map[string]readVector{
	"gossip.json":         readFrameVector("g1_final"),
	"gossip-midterm.json": readFrameVector("g1_midterm"),
	"gossip-p2p.json":     readFrameVector("g2_document"),
	"gossip-api.json":     readFrameVector("api"),
	"gossip-proofs.json":  readProof,
	"shout.json":          readShout,
}

func (r *vectorReport) runMessages(file string, text []byte) error {
	read, known := messageReaders[file]
	if !known {
		return nil
	}
	var vectors []messageVector
	if err := json.Unmarshal(text, &vectors); err != nil {
		return err
	}
	r.Checked[file+"#vectors"] = len(vectors)
	for index, each := range vectors {
		if err := checkMessage(read, each); err != nil {
			r.Failed = append(r.Failed, fmt.Sprintf("%s#vectors[%d]: %.500v", file, index, err))
		}
	}
	return nil
}

func checkMessage(read readVector, v messageVector) error {
	data, err := hex.DecodeString(v.Hex)
	if err != nil {
		return err
	}
	name := ""
	if err = read(data, v.Fields); err != nil {
		var refused refusal
		if !errors.As(err, &refused) {
			return err
		}
		name = refused.name
	}
	if name != v.ErrorName {
		return fmt.Errorf("the refusal is %q (%v), and must be %q", name, err, v.ErrorName)
	}
	return nil
}

// readFrameVector reads one whole frame with these fields, which is encoded again.
func readFrameVector(name string) readVector {
	return func(data []byte, fields map[string]any) error {
		frame, err := readFrame(strings.NewReader(string(data)))
		if errors.Is(err, errRefused) {
			return refuse("DecodeError", err)
		}
		if err != nil {
			return err
		}
		m, err := dialects[name].decode(frame)
		if err != nil {
			return refuse("DecodeError", err)
		}
		if err := same("the size", len(frame), len(data)); err != nil {
			return err
		}
		for field, expected := range fields {
			if err := same(field, m.shown(field), expected); err != nil {
				return err
			}
		}
		if m.numbers["reserved"] != 0 {
			return nil
		}
		return same("the frame", hex.EncodeToString(m.layout.encode(*m)), hex.EncodeToString(data))
	}
}

func readProof(data []byte, fields map[string]any) error {
	if len(data) != 16 {
		return errors.New("no challenge and nonce")
	}
	challenge, nonce := binary.BigEndian.Uint64(data), binary.BigEndian.Uint64(data[8:])
	if !proves(challenge, nonce, int(fields["bits"].(float64))) {
		return refuse("ProofError", errors.New("it does not prove"))
	}
	return same("the sum", fmt.Sprintf("%x", proofSum(challenge, nonce)), fields["sha256"])
}

func readShout(data []byte, fields map[string]any) error {
	bits := int(fields["bits"].(float64))
	messages, err := parseTransmission(data, bits)
	if err != nil {
		return err
	}
	shown := []any{}
	for _, m := range messages {
		one, err := readShoutMessage(m, fields["openedWith"])
		if err != nil {
			return err
		}
		shown = append(shown, one)
	}
	actual := map[string]any{"bits": bits, "compression": data[1] & 7, "messages": shown, "openedWith": fields["openedWith"]}
	for name, expected := range fields {
		if err := same(name, actual[name], expected); err != nil {
			return err
		}
	}
	return nil
}

func readShoutMessage(m shoutMessage, openedWith any) (map[string]any, error) {
	payload := m.payload
	if m.encrypted {
		text, _ := openedWith.(string)
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("no key to open it with")
		}
		private, err := shoutKey{Name: "openedWith", PrivatePkcs8Pem: text}.private()
		if err != nil {
			return nil, err
		}
		if payload, err = m.open(private); err != nil {
			return nil, refuse("SealError", err)
		}
	}
	value, err := unpack(payload)
	if err != nil {
		return nil, refuse("DecodeError", err)
	}
	if err := checkMeaning(m, value); err != nil {
		return nil, refuse("PayloadError", err)
	}
	return map[string]any{"opcode": m.opcode, "sealed": m.encrypted, "from": keyHash(m.from), "to": keyHash(m.to),
		"payloadHex": hex.EncodeToString(payload), "signatureHex": hex.EncodeToString(m.signature)}, nil
}

// bitsOf are those of a key that was parsed before.
func bitsOf(der []byte) int { return 8 * (len(der) - 38) }

func isKey(value any, bits int) bool {
	der, isBytes := value.([]byte)
	if !isBytes {
		return false
	}
	_, err := rsaKey(der, bits)
	return err == nil
}

// canonical is the one encoding of a key.
func canonical(der []byte) bool {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return false
	}
	again, err := x509.MarshalPKIXPublicKey(parsed)
	return err == nil && string(again) == string(der)
}
