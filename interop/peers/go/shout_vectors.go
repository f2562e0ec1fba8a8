package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

type shoutKey struct {
	Name            string
	Bits            int
	PrivatePkcs8Pem string
	PublicSpkiDer   string
}

// shoutVector checks one message: read from its transmission, opened, and made again.
func shoutVector(v vector, content map[string]json.RawMessage) error {
	var keys []shoutKey
	if err := json.Unmarshal(content["keys"], &keys); err != nil {
		return err
	}
	from, to, err := keysOf(keys, v.From, v.To)
	if err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(v.Transmission)
	if err != nil {
		return err
	}
	messages, err := parseTransmission(data, from.Bits)
	if err != nil {
		return err
	}
	m := messages[0]
	private, err := to.private()
	if err != nil {
		return err
	}
	payload, err := m.open(private)
	if err != nil {
		return err
	}
	again, err := remade(m, from, payload)
	if err != nil {
		return err
	}
	reopened, err := again.open(private)
	return errors.Join(err,
		same("how many messages", len(messages), 1),
		same("the opcode", m.opcode, v.Opcode),
		same("whether it is encrypted", m.encrypted, v.Encrypted),
		same("from", base64.StdEncoding.EncodeToString(m.from), from.PublicSpkiDer),
		same("to", base64.StdEncoding.EncodeToString(m.to), to.PublicSpkiDer),
		same("the payload", hex.EncodeToString(payload), v.PayloadMsgpackHex),
		same("the payload made again", hex.EncodeToString(reopened), v.PayloadMsgpackHex))
}

// remade is the same message with a signature of our own, read again.
func remade(m shoutMessage, from shoutKey, payload []byte) (*shoutMessage, error) {
	private, err := from.private()
	if err != nil {
		return nil, err
	}
	made, err := newShout(private, m.opcode, m.to, payload, m.encrypted)
	if err != nil {
		return nil, err
	}
	messages, err := parseTransmission(transmission(made), from.Bits)
	if err != nil {
		return nil, err
	}
	return &messages[0], nil
}

func keysOf(keys []shoutKey, from, to string) (a, b shoutKey, err error) {
	for _, key := range keys {
		if key.Name == from {
			a = key
		}
		if key.Name == to {
			b = key
		}
	}
	if a.Name == "" || b.Name == "" {
		err = fmt.Errorf("there are no keys %s and %s", from, to)
	}
	return
}

func (k shoutKey) private() (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(k.PrivatePkcs8Pem))
	if block == nil {
		return nil, fmt.Errorf("no PEM of %s", k.Name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return parsed.(*rsa.PrivateKey), nil
}
