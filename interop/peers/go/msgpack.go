// The part of msgpack that SHOUT's own messages need: nil, booleans, integers, text, bytes and lists.

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const maxDepth = 8

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
	value, rest, err := unpackOne(data, 0)
	if err == nil && len(rest) > 0 {
		err = errPacked
	}
	return value, err
}

func unpackOne(data []byte, depth int) (any, []byte, error) {
	if len(data) == 0 || depth > maxDepth {
		return nil, nil, errPacked
	}
	head, rest := data[0], data[1:]
	switch {
	case head < 0x80:
		return uint64(head), rest, nil
	case head&0xf0 == 0x90:
		return unpackList(int(head&15), rest, depth)
	case head&0xe0 == 0xa0:
		return unpackBytes(int(head&31), rest, true)
	}
	width, known := map[byte]int{0xc0: 0, 0xc2: 0, 0xc3: 0, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xc4: 1, 0xc5: 2,
		0xc6: 4, 0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4}[head]
	if !known || len(rest) < width {
		return nil, nil, errPacked
	}
	number := uint64(0)
	for _, each := range rest[:width] {
		number = number<<8 | uint64(each)
	}
	rest = rest[width:]
	switch head {
	case 0xc0:
		return nil, rest, nil
	case 0xc2, 0xc3:
		return head == 0xc3, rest, nil
	case 0xc4, 0xc5, 0xc6, 0xd9, 0xda, 0xdb:
		return unpackBytes(int(number), rest, head >= 0xd9)
	case 0xdc, 0xdd:
		return unpackList(int(number), rest, depth)
	}
	return number, rest, nil
}

func unpackBytes(length int, rest []byte, text bool) (any, []byte, error) {
	if length > len(rest) {
		return nil, nil, errPacked
	}
	if text {
		return string(rest[:length]), rest[length:], nil
	}
	return rest[:length], rest[length:], nil
}

func unpackList(length int, rest []byte, depth int) (any, []byte, error) {
	if length > len(rest) {
		return nil, nil, errPacked
	}
	list := make([]any, length)
	for at := range list {
		var err error
		if list[at], rest, err = unpackOne(rest, depth+1); err != nil {
			return nil, nil, err
		}
	}
	return list, rest, nil
}
