// SHOUT's transmissions and messages, with their signatures and encryption. Written from the specification of the
// protocol, not from our code.

package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	transmissionHeader = 6
	maxTransmission    = 1 << 20
	maxMessage         = 1 << 18
	addressBytes       = 32
	usualExponent      = 65537
	ivBytes            = 12
	tagBytes           = 16
)

var pss = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}

// shoutMessage is one message, as transmitted.
type shoutMessage struct {
	opcode    byte
	encrypted bool
	from, to  []byte
	// that of from
	key *rsa.PublicKey
	// as transmitted
	payload []byte
	// of everything after the signature, whose reserved bits are as they were
	signed    []byte
	signature []byte
}

// parseTransmission takes one transmission of messages by keys of so many bits, from the front of the data.
func parseTransmission(data []byte, bits int) ([]shoutMessage, error) {
	if len(data) < transmissionHeader {
		return nil, refuse("DecodeError", errors.New("no header"))
	}
	length := binary.BigEndian.Uint32(data[2:])
	if length > maxTransmission || int(length) != len(data)-transmissionHeader {
		return nil, refuse("DecodeError", fmt.Errorf("a length of %d, and %d bytes", length, len(data)-transmissionHeader))
	}
	rest, err := inflate(data[1]&7, data[transmissionHeader:])
	if err != nil {
		return nil, refuse("DecodeError", err)
	}
	var messages []shoutMessage
	for len(rest) > 0 || len(messages) == 0 {
		message, after, err := parseShout(rest, bits)
		if err != nil {
			return nil, refuse("DecodeError", err)
		}
		messages, rest = append(messages, message), after
	}
	for _, m := range messages {
		if err := m.verify(); err != nil {
			return nil, refuse("SignatureError", err)
		}
	}
	return messages, nil
}

// parseShout takes one message, which is not verified yet.
func parseShout(data []byte, bits int) (m shoutMessage, rest []byte, err error) {
	signature, key := bits/8, bits/8+38
	header := signature + 6 + 2*key
	if len(data) < header {
		return m, nil, fmt.Errorf("a header of %d bytes", len(data))
	}
	length := int(binary.BigEndian.Uint32(data[signature:]))
	if length > len(data)-header || header+length > maxMessage {
		return m, nil, errors.New("a message that runs past the transmission")
	}
	whole := data[:header+length]
	m = shoutMessage{
		opcode: whole[signature+4] >> 4, encrypted: whole[signature+5]&1 == 1,
		from: whole[signature+6 : signature+6+key], to: whole[signature+6+key : header],
		payload: whole[header:], signed: whole[signature:], signature: whole[:signature],
	}
	if _, err := rsaKey(m.to, bits); err != nil {
		return m, nil, err
	}
	m.key, err = rsaKey(m.from, bits)
	return m, data[len(whole):], err
}

func (m *shoutMessage) verify() error {
	sum := sha256.Sum256(m.signed)
	return rsa.VerifyPSS(m.key, crypto.SHA256, sum[:], m.signature, pss)
}

func rsaKey(der []byte, bits int) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	public, isRSA := parsed.(*rsa.PublicKey)
	if !isRSA || public.N.BitLen() != bits || public.E != usualExponent || !canonical(der) {
		return nil, fmt.Errorf("no RSA key of %d bits", bits)
	}
	return public, nil
}

// checkMeaning tells what a message must not say, as far as that does not depend on what was said before.
func checkMeaning(m shoutMessage, value any) error {
	list, _ := value.([]any)
	holds := true
	switch m.opcode {
	case opACK, opNACK:
		about, isNumber := uint64(0), false
		if len(list) > 0 {
			about, isNumber = list[0].(uint64)
		}
		holds = isNumber && about < 16
	case opChangeKey:
		holds = len(list) >= 2 && fmt.Sprint(list[0]) == fmt.Sprint(m.from) && isKey(list[1], bitsOf(m.from))
	case opStore:
		holds = len(list) >= 3 && fmt.Sprint(list[0]) == fmt.Sprint(shoutAddress(list[1]))
	}
	if !holds {
		return fmt.Errorf("opcode %d does not say that", m.opcode)
	}
	return nil
}

// shoutAddress is that of a value's key, which is text or bytes.
func shoutAddress(key any) []byte {
	var sum [sha256.Size]byte
	switch k := key.(type) {
	case string:
		sum = sha256.Sum256([]byte(k))
	case []byte:
		sum = sha256.Sum256(k)
	default:
		return nil
	}
	return sum[len(sum)-addressBytes:]
}

// also is what is authenticated with an encrypted payload.
func (m *shoutMessage) also() []byte {
	key := len(m.from)
	return m.signed[4 : 6+2*key]
}

// open decrypts what was sealed for the holder of this key.
func (m *shoutMessage) open(private *rsa.PrivateKey) ([]byte, error) {
	if !m.encrypted {
		return m.payload, nil
	}
	wrapped := private.Size()
	if len(m.payload) < wrapped+ivBytes+tagBytes {
		return nil, errors.New("too short to be encrypted")
	}
	key, err := rsa.DecryptOAEP(sha256.New(), nil, private, m.payload[:wrapped], nil)
	if err != nil {
		return nil, err
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	iv, sealed := m.payload[wrapped:wrapped+ivBytes], m.payload[wrapped+ivBytes:]
	return gcm.Open(nil, iv, sealed, m.also())
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// newShout signs a message; sealed, if it is to be read by its receiver alone.
func newShout(private *rsa.PrivateKey, opcode byte, to []byte, payload []byte, sealed bool) ([]byte, error) {
	from, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	flags := byte(0)
	if sealed {
		flags = 1
	}
	head := bytes.Join([][]byte{{opcode << 4, flags}, from, to}, nil)
	if sealed {
		if payload, err = seal(to, private.N.BitLen(), payload, head); err != nil {
			return nil, err
		}
	}
	signed := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	signed = append(append(signed, head...), payload...)
	sum := sha256.Sum256(signed)
	signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], pss)
	return append(signature, signed...), err
}

func seal(to []byte, bits int, payload, also []byte) ([]byte, error) {
	public, err := rsaKey(to, bits)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32+ivBytes)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	key, iv := secret[:32], secret[32:]
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, key, nil)
	if err != nil {
		return nil, err
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(append(wrapped, iv...), iv, payload, also), nil
}

// transmission puts messages together, without compression.
func transmission(messages ...[]byte) []byte {
	body := bytes.Join(messages, nil)
	header := binary.BigEndian.AppendUint32(make([]byte, 2), uint32(len(body)))
	return append(header, body...)
}
