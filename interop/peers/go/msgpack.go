// MessagePack as far as SHOUT takes it, and as much of it as a peer here says.

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

const (
	maxDepth    = 32
	maxElements = 65536
)

func packed(value any) []byte {
	switch v := value.(type) {
	case nil:
		return []byte{0xc0}
	case bool:
		if v {
			return []byte{0xc3}
		}
		return []byte{0xc2}
	case int:
		return packedNumber(uint64(v))
	case uint64:
		return packedNumber(v)
	case string:
		return append(packedHead(uint32(len(v)), 0xa0, 32, 0xda), v...)
	case []byte:
		return append(packedHead(uint32(len(v)), 0, 0, 0xc5), v...)
	case []any:
		out := packedHead(uint32(len(v)), 0x90, 16, 0xdc)
		for _, each := range v {
			out = append(out, packed(each)...)
		}
		return out
	}
	panic(fmt.Sprintf("no msgpack of %T", value))
}

func packedNumber(value uint64) []byte {
	switch {
	case value < 128:
		return []byte{byte(value)}
	case value < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{0xcd}, uint16(value))
	}
	return binary.BigEndian.AppendUint64([]byte{0xcf}, value)
}

// packedHead is a length below the limit in one byte, or else of two bytes.
func packedHead(length uint32, short byte, limit uint32, long byte) []byte {
	if length < limit {
		return []byte{short | byte(length)}
	}
	return binary.BigEndian.AppendUint16([]byte{long}, uint16(length))
}

var errPacked = errors.New("no msgpack that is known here")

// unpack reads exactly one value.
func unpack(data []byte) (any, error) {
	u := unpacker{rest: data}
	value, err := u.value(0)
	if err == nil && len(u.rest) > 0 {
		err = errPacked
	}
	return value, err
}

type unpacker struct {
	rest     []byte
	elements int
}

func (u *unpacker) take(count uint64) ([]byte, error) {
	if count > uint64(len(u.rest)) {
		return nil, errPacked
	}
	taken := u.rest[:count]
	u.rest = u.rest[count:]
	return taken, nil
}

func (u *unpacker) number(width uint64) (uint64, error) {
	digits, err := u.take(width)
	number := uint64(0)
	for _, each := range digits {
		number = number<<8 | uint64(each)
	}
	return number, err
}

// sized are the bytes of a number or a length, by first byte.
var sized = map[byte]uint64{0xc4: 1, 0xc5: 2, 0xc6: 4, 0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1,
	0xd1: 2, 0xd2: 4, 0xd3: 8, 0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4}

func (u *unpacker) value(depth int) (any, error) {
	first, err := u.take(1)
	if err != nil {
		return nil, err
	}
	head := first[0]
	switch {
	case head < 0x80:
		return uint64(head), nil
	case head < 0x90:
		return u.pairs(uint64(head&15), depth)
	case head < 0xa0:
		return u.list(uint64(head&15), depth)
	case head < 0xc0:
		return u.text(uint64(head & 31))
	case head >= 0xe0:
		return int64(int8(head)), nil
	case head == 0xc0:
		return nil, nil
	case head == 0xc2, head == 0xc3:
		return head == 0xc3, nil
	}
	width, known := sized[head]
	if !known {
		return nil, errPacked
	}
	number, err := u.number(width)
	if err != nil {
		return nil, err
	}
	return u.sized(head, width, number, depth)
}

func (u *unpacker) sized(head byte, width, number uint64, depth int) (any, error) {
	switch {
	case head <= 0xc6:
		return u.take(number)
	case head == 0xca:
		return float64(math.Float32frombits(uint32(number))), nil
	case head == 0xcb:
		return math.Float64frombits(number), nil
	case head <= 0xcf:
		return number, nil
	case head <= 0xd3:
		shift := 64 - 8*width
		return int64(number<<shift) >> shift, nil
	case head <= 0xdb:
		return u.text(number)
	case head <= 0xdd:
		return u.list(number, depth)
	}
	return u.pairs(number, depth)
}

func (u *unpacker) text(length uint64) (any, error) {
	data, err := u.take(length)
	if err == nil && !utf8.Valid(data) {
		err = errPacked
	}
	return string(data), err
}

// holds tells whether there can be so many more.
func (u *unpacker) holds(count uint64, depth int) bool {
	if count > uint64(len(u.rest)) || depth >= maxDepth {
		return false
	}
	u.elements += int(count)
	return u.elements <= maxElements
}

func (u *unpacker) list(length uint64, depth int) (any, error) {
	if !u.holds(length, depth) {
		return nil, errPacked
	}
	list := make([]any, length)
	for at := range list {
		var err error
		if list[at], err = u.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (u *unpacker) pairs(length uint64, depth int) (any, error) {
	if !u.holds(length, depth) {
		return nil, errPacked
	}
	pairs := map[string]any{}
	for range length {
		key, err := u.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, isText := key.(string)
		if _, known := pairs[name]; known || !isText {
			return nil, errPacked
		}
		if pairs[name], err = u.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}
