// What this implementation makes of each case in the vector files of interop/vectors/.

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

type vectorReport struct {
	Checked map[string]int `json:"checked"`
	Failed  []string       `json:"failed"`
}

// vector has what any case of the sections below may have.
type vector struct {
	Hex, Expected, InitHex, VerifyHex string
	OkHex                             *string
	Valid                             bool
	ChallengeHex, NonceHex, PacketHex string
	SmallestNonce                     string
	Sha256                            string
	Fields                            map[string]any

	From, To, Transmission, PayloadMsgpackHex string
	Opcode                                    int
	Encrypted                                 bool
}

type check func(vector, map[string]json.RawMessage) error

var checks = map[string]map[string]check{
	"gossip.json": {
		"api":                         valid("api"),
		"api_malformed":               malformed("api"),
		"g1_final":                    valid("g1_final"),
		"g1_midterm":                  valid("g1_midterm"),
		"g2_document":                 validG2,
		"pow.g1_final_peer_challenge": proofOf(24),
		"pow.g1_before_2021-09-11_peer_challenge": proofOf(16),
	},
	"shout.json": {"messages": shoutVector},
	"gossip-malformed.json": {
		"api_malformed":         malformed("api"),
		"g1_final_malformed":    malformed("g1_final"),
		"g1_midterm_malformed":  malformed("g1_midterm"),
		"g2_document_malformed": malformed("g2_document"),
	},
}

func verify(paths []string) (any, error) {
	report := vectorReport{map[string]int{}, []string{}}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if file := filepath.Base(path); bytes.HasPrefix(text, []byte("[")) {
			if err := report.runMessages(file, text); err != nil {
				return nil, err
			}
			continue
		}
		var content map[string]json.RawMessage
		if err := json.Unmarshal(text, &content); err != nil {
			return nil, err
		}
		for section, check := range checks[filepath.Base(path)] {
			if err := report.run(filepath.Base(path)+"#"+section, section, content, check); err != nil {
				return nil, err
			}
		}
	}
	return report, nil
}

func (r *vectorReport) run(where, section string, content map[string]json.RawMessage, check check) error {
	var cases []vector
	outer, inner, nested := strings.Cut(section, ".")
	if nested {
		var group map[string]json.RawMessage
		if err := json.Unmarshal(content[outer], &group); err != nil {
			return err
		}
		var holder struct{ Vectors []vector }
		if err := json.Unmarshal(group[inner], &holder); err != nil {
			return err
		}
		cases = holder.Vectors
	} else if err := json.Unmarshal(content[outer], &cases); err != nil {
		return err
	}
	for index, each := range cases {
		r.Checked[where]++
		if err := check(each, content); err != nil {
			r.Failed = append(r.Failed, fmt.Sprintf("%s[%d]: %v", where, index, err))
		}
	}
	return nil
}

func same(what string, actual, expected any) error {
	if fmt.Sprint(actual) != fmt.Sprint(expected) {
		return fmt.Errorf("%s is %v, and must be %v", what, actual, expected)
	}
	return nil
}

func valid(name string) check {
	return func(v vector, _ map[string]json.RawMessage) error {
		frame, err := hex.DecodeString(v.Hex)
		if err != nil {
			return err
		}
		if whole, err := readFrame(strings.NewReader(string(frame))); err != nil || len(whole) != len(frame) {
			return fmt.Errorf("not one frame: %v", err)
		}
		m, err := dialects[name].decode(frame)
		if err != nil {
			return err
		}
		for field, expected := range v.Fields {
			if err := same(field, m.shown(field), expected); err != nil {
				return err
			}
		}
		if m.numbers["reserved"] != 0 {
			return nil
		}
		return same("the frame", hex.EncodeToString(m.layout.encode(*m)), v.Hex)
	}
}

// shown is a field in the form the vectors have it.
func (m *message) shown(field string) any {
	number, isNumber := m.numbers[strings.TrimSuffix(field, "Hex")]
	switch {
	case field == "size":
		return m.size
	case field == "type":
		return m.layout.kind
	case field == "valid":
		return m.valid
	case field == "dataHex":
		return hex.EncodeToString(m.data)
	case field == "addresses":
		return m.addresses
	case field == "messageId" && !isNumber:
		return m.numbers["id"]
	case strings.HasSuffix(field, "Hex"):
		return fmt.Sprintf("%016x", number)
	}
	return number
}

// validG2 checks an announce, or a whole handshake.
func validG2(v vector, content map[string]json.RawMessage) error {
	if v.InitHex == "" {
		return valid("g2_document")(v, content)
	}
	g2 := dialects["g2_document"]
	var numbers [2]uint64
	for at, text := range []string{v.InitHex, v.VerifyHex} {
		frame, err := hex.DecodeString(text)
		if err != nil {
			return err
		}
		m, err := g2.decode(frame)
		if err != nil {
			return err
		}
		numbers[at] = m.numbers[[]string{"challenge", "nonce"}[at]]
	}
	if err := same("whether it proves", proves(numbers[0], numbers[1], 24), v.Valid); err != nil || !v.Valid {
		return err
	}
	return same("OK", hex.EncodeToString(g2.encode("verdict", message{})), *v.OkHex)
}

var first = regexp.MustCompile(`^first (\d+) bytes`)

func malformed(name string) check {
	return func(v vector, _ map[string]json.RawMessage) error {
		data, err := hex.DecodeString(v.Hex)
		if err != nil {
			return err
		}
		expected := "0"
		if match := first.FindStringSubmatch(v.Expected); match != nil {
			expected = match[1]
		}
		return same("bytes taken", taken(dialects[name], data), expected)
	}
}

// taken are the bytes of the messages before the first that is none.
func taken(d dialect, data []byte) int {
	reader, count := strings.NewReader(string(data)), 0
	for {
		frame, err := readFrame(reader)
		if err != nil {
			return count
		}
		if _, err := d.decode(frame); err != nil {
			return count
		}
		count += len(frame)
	}
}

func proofOf(bits int) check {
	return func(v vector, _ map[string]json.RawMessage) error {
		challenge, err := strconv.ParseUint(v.ChallengeHex, 16, 64)
		if err != nil {
			return err
		}
		nonce, err := strconv.ParseUint(v.NonceHex, 16, 64)
		if err != nil {
			return err
		}
		if err := same("the sum", fmt.Sprintf("%x", proofSum(challenge, nonce)), v.Sha256); err != nil {
			return err
		}
		if err := same("the number", nonce, v.SmallestNonce); err != nil {
			return err
		}
		return same("whether it proves", proves(challenge, nonce, bits), true)
	}
}
