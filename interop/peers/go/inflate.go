// SHOUT's compression, as far as every node has it: gzip, zlib and Snappy, with the limits of the specification.

package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	compressionNone, compressionGzip, compressionZlib, compressionSnappy = 0, 2, 4, 5

	maxInflated = 4 << 20
)

var errInflate = errors.New("no whole stream within the limits")

func inflate(method byte, body []byte) ([]byte, error) {
	limit := min(maxInflated, max(256<<10, 100*len(body)))
	switch method {
	case compressionNone:
		return body, nil
	case compressionSnappy:
		return inflateSnappy(body, limit)
	case compressionGzip, compressionZlib:
		return inflateStream(method, body, limit)
	}
	return nil, fmt.Errorf("compression %d", method)
}

func inflateStream(method byte, body []byte, limit int) ([]byte, error) {
	// a reader of bytes, so that nothing behind the stream is taken
	rest := bytes.NewReader(body)
	var stream io.Reader
	var err error
	if method == compressionGzip {
		var one *gzip.Reader
		if one, err = gzip.NewReader(rest); err == nil {
			one.Multistream(false)
			stream = one
		}
	} else {
		stream, err = zlib.NewReader(rest)
	}
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(stream, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(out) > limit || rest.Len() > 0 {
		return nil, errInflate
	}
	return out, nil
}

// inflateSnappy reads a raw block: a varint of the length, then literals and copies.
func inflateSnappy(body []byte, limit int) ([]byte, error) {
	length, width := binary.Uvarint(body)
	if width <= 0 || length > uint64(limit) {
		return nil, errInflate
	}
	out := make([]byte, 0, length)
	for rest := body[width:]; len(rest) > 0; {
		var err error
		if out, rest, err = snappyElement(out, rest); err != nil {
			return nil, err
		}
		if len(out) > int(length) {
			return nil, errInflate
		}
	}
	if len(out) != int(length) {
		return nil, errInflate
	}
	return out, nil
}

func snappyElement(out, rest []byte) ([]byte, []byte, error) {
	tag := rest[0]
	kind, number, rest := tag&3, int(tag>>2), rest[1:]
	if kind == 0 {
		extra := max(0, number-59)
		size, after, err := littleEndian(rest, extra)
		if extra == 0 {
			size = number
		}
		if err != nil || size+1 > len(after) {
			return nil, nil, errInflate
		}
		return append(out, after[:size+1]...), after[size+1:], nil
	}
	offset, rest, err := littleEndian(rest, []int{0, 1, 2, 4}[kind])
	size := number + 1
	if kind == 1 {
		size, offset = number&7+4, int(tag>>5)<<8|offset
	}
	if err != nil || offset < 1 || offset > len(out) {
		return nil, nil, errInflate
	}
	for range size {
		out = append(out, out[len(out)-offset])
	}
	return out, rest, nil
}

func littleEndian(data []byte, width int) (int, []byte, error) {
	if width > len(data) {
		return 0, nil, errInflate
	}
	value := 0
	for at := width - 1; at >= 0; at-- {
		value = value<<8 | int(data[at])
	}
	return value, data[width:], nil
}
