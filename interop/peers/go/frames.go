// Frames `size:u16 type:u16 body`, big-endian, where size counts all of it: docs/specs/gossip.md, Wire and API.

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const maxFrame = 65535

// errRefused is what a frame is that is no message of its dialect.
var errRefused = errors.New("refused")

// field is a number of so many bytes; "reserved" is sent as zero.
type field struct {
	name  string
	width int
}

// layout is what the body of one message type consists of.
type layout struct {
	kind   uint16
	name   string
	fields []field
	// "data", "addresses" or nothing
	rest string
	// the last field is of reserved bits, and "valid" is the lowest of them
	flag bool
}

type dialect []layout

var (
	announce = layout{504, "announce", []field{{"id", 8}, {"ttl", 1}, {"reserved", 1}, {"dataType", 2}}, "data", false}
	info     = layout{507, "info", []field{{"reserved", 2}, {"port", 2}}, "", false}

	dialects = map[string]dialect{
		"api": {
			{500, "announce", []field{{"ttl", 1}, {"reserved", 1}, {"dataType", 2}}, "data", false},
			{501, "notify", []field{{"reserved", 2}, {"dataType", 2}}, "", false},
			{502, "notification", []field{{"messageId", 2}, {"dataType", 2}}, "data", false},
			{503, "validation", []field{{"messageId", 2}, {"reserved", 2}}, "", true},
		},
		"g1_final": {
			announce,
			{505, "discovery", nil, "", false},
			{506, "offer", nil, "addresses", false},
			info,
			{508, "challenge", []field{{"challenge", 8}}, "", false},
			{509, "proof", []field{{"nonce", 8}}, "", false},
			{510, "verdict", []field{{"reserved", 4}}, "", true},
		},
		"g1_midterm": {
			announce,
			{505, "discovery", []field{{"challenge", 8}}, "", false},
			{506, "offer", []field{{"challenge", 8}, {"nonce", 8}}, "addresses", false},
			info,
		},
		"g2_document": {
			{504, "challenge", []field{{"challenge", 8}}, "", false},
			{505, "proof", []field{{"nonce", 8}}, "", false},
			{506, "verdict", nil, "", false},
			{507, "announce", []field{{"id", 2}, {"dataType", 2}, {"ttl", 1}, {"reserved", 3}}, "data", false},
		},
	}
)

// message is one frame, taken apart.
type message struct {
	layout    layout
	size      int
	numbers   map[string]uint64
	valid     bool
	data      []byte
	addresses []string
}

func (d dialect) decode(frame []byte) (*message, error) {
	if len(frame) < 4 {
		return nil, fmt.Errorf("%w: no type", errRefused)
	}
	kind, body := binary.BigEndian.Uint16(frame[2:]), frame[4:]
	for _, shape := range d {
		if shape.kind == kind {
			return shape.decode(body, len(frame))
		}
	}
	return nil, fmt.Errorf("%w: unknown type %d", errRefused, kind)
}

func (l layout) decode(body []byte, size int) (*message, error) {
	m := &message{layout: l, size: size, numbers: map[string]uint64{}}
	for _, f := range l.fields {
		if len(body) < f.width {
			return nil, fmt.Errorf("%w: %s of %d bytes", errRefused, l.name, size)
		}
		for _, b := range body[:f.width] {
			m.numbers[f.name] = m.numbers[f.name]<<8 | uint64(b)
		}
		body = body[f.width:]
	}
	if l.flag {
		bits := m.numbers["reserved"]
		m.numbers["reserved"], m.valid = bits>>1, bits&1 == 1
	}
	switch l.rest {
	case "data":
		m.data = body
	case "addresses":
		if !utf8.Valid(body) {
			return nil, fmt.Errorf("%w: addresses that are not UTF-8", errRefused)
		}
		if len(body) > 0 {
			m.addresses = strings.Split(string(body), ",")
		}
	default:
		if len(body) > 0 {
			return nil, fmt.Errorf("%w: %s of %d bytes", errRefused, l.name, size)
		}
	}
	return m, nil
}

// encode makes a whole frame of what a message holds; reserved bits are zeros.
func (d dialect) encode(name string, m message) []byte {
	for _, shape := range d {
		if shape.name == name {
			return shape.encode(m)
		}
	}
	panic("no message " + name)
}

func (l layout) encode(m message) []byte {
	frame := binary.BigEndian.AppendUint16(make([]byte, 2, 64+len(m.data)), l.kind)
	for _, f := range l.fields {
		value := m.numbers[f.name]
		if f.name == "reserved" {
			value = 0
			if l.flag && m.valid {
				value = 1
			}
		}
		for shift := 8 * (f.width - 1); shift >= 0; shift -= 8 {
			frame = append(frame, byte(value>>shift))
		}
	}
	switch l.rest {
	case "data":
		frame = append(frame, m.data...)
	case "addresses":
		frame = append(frame, strings.Join(m.addresses, ",")...)
	}
	if len(frame) > maxFrame {
		panic(fmt.Sprintf("a frame of %d bytes", len(frame)))
	}
	binary.BigEndian.PutUint16(frame, uint16(len(frame)))
	return frame
}

// readFrame reads one frame, with its size.
func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(head))
	if size < 4 {
		return nil, fmt.Errorf("%w: a size of %d", errRefused, size)
	}
	frame := make([]byte, size)
	copy(frame, head)
	_, err := io.ReadFull(r, frame[2:])
	return frame, err
}
