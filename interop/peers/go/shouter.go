// A SHOUT peer: it agrees to the subnet it is told, proves its key, answers PING and WHISPER, relays SHOUT, and says
// what it is told to say. Without compression, and without the Kademlia-like table.

package main

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	shoutProtocol = "/hearsay/shout/1.0.0"
	keyBits       = 2048
	sayAfter      = 3 * time.Second

	opACK, opNACK, opPing, opOption, opChangeKey, opShout, opWhisper, opStore = 0, 1, 2, 3, 5, 6, 8, 11
	optionSubnet, optionIdentity                                              = 2, 3
)

// ours is the subnet for a peer that waits for us to name one.
var ours = []any{20, 3, 256, keyBits, 8, "libp2p", ""}

type said struct {
	From string `json:"from"`
	Text string `json:"text"`
}

type shoutReport struct {
	PeerID   string   `json:"peerId"`
	Key      string   `json:"key"`
	Bound    []string `json:"bound"`
	Shouts   []said   `json:"shouts"`
	Whispers []said   `json:"whispers"`
	Acks     []uint64 `json:"acks"`
	Nacks    []uint64 `json:"nacks"`
	Refused  []string `json:"refused"`
}

type shoutLink struct {
	stream  network.Stream
	key     []byte
	bound   bool
	greeted bool
	writing sync.Mutex
}

type shouter struct {
	private *rsa.PrivateKey
	der     []byte
	host    host.Host

	// guards what follows
	mutex  sync.Mutex
	links  map[peer.ID]*shoutLink
	seen   map[string]bool
	report shoutReport
}

func startShouter(ctx context.Context, c config) (*shouter, error) {
	text, err := os.ReadFile(os.Getenv("PEER_KEY"))
	if err != nil {
		return nil, err
	}
	private, err := shoutKey{Name: "PEER_KEY", PrivatePkcs8Pem: string(text)}.private()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	h, err := newHost(c)
	if err != nil {
		return nil, err
	}
	s := &shouter{private: private, der: der, host: h, links: map[peer.ID]*shoutLink{}, seen: map[string]bool{},
		report: shoutReport{h.ID().String(), keyHash(der), []string{}, []said{}, []said{}, []uint64{}, []uint64{}, []string{}}}
	h.SetStreamHandler(shoutProtocol, s.attend)
	for _, address := range c.dial {
		go s.dial(ctx, address)
	}
	time.AfterFunc(sayAfter, s.say)
	return s, nil
}

func keyHash(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// dial tries until a stream is open.
func (s *shouter) dial(ctx context.Context, address string) {
	target, err := peer.AddrInfoFromString(address)
	if err != nil {
		log.Fatal(err)
	}
	for ; ctx.Err() == nil; time.Sleep(redialAfter) {
		if err := s.host.Connect(ctx, *target); err != nil {
			log.Printf("dialling %s: %v", target.ID, err)
			continue
		}
		stream, err := s.host.NewStream(ctx, target.ID, protocol.ID(shoutProtocol))
		if err == nil {
			s.attend(stream)
		}
		log.Printf("the stream to %s: %v", target.ID, err)
	}
}

// attend is a stream's life.
func (s *shouter) attend(stream network.Stream) {
	l := &shoutLink{stream: stream}
	remote := stream.Conn().RemotePeer()
	s.mutex.Lock()
	s.links[remote] = l
	s.mutex.Unlock()
	// whoever speaks first names the subnet
	time.AfterFunc(time.Second, func() { s.greet(l, ours) })
	var err error
	for err == nil {
		err = s.read(l)
	}
	log.Printf("%s: %v", remote, err)
	s.mutex.Lock()
	if s.links[remote] == l {
		delete(s.links, remote)
	}
	if errors.Is(err, errRefused) {
		s.report.Refused = append(s.report.Refused, err.Error())
	}
	s.mutex.Unlock()
	_ = stream.Close()
}

func (s *shouter) greet(l *shoutLink, subnet any) {
	s.mutex.Lock()
	greeted := l.greeted
	l.greeted = true
	s.mutex.Unlock()
	if !greeted {
		// as long as its key is unknown
		s.send(l, opOption, s.der, []any{optionSubnet, subnet}, false)
	}
}

func (s *shouter) read(l *shoutLink) error {
	header := make([]byte, transmissionHeader)
	if _, err := io.ReadFull(l.stream, header); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(header[2:])
	if length > maxTransmission {
		return fmt.Errorf("%w: a transmission of %d bytes", errRefused, length)
	}
	data := append(header, make([]byte, length)...)
	if _, err := io.ReadFull(l.stream, data[transmissionHeader:]); err != nil {
		return err
	}
	messages, err := parseTransmission(data, keyBits)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	for _, m := range messages {
		if err := s.take(l, m); err != nil {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	return nil
}

func (s *shouter) take(l *shoutLink, m shoutMessage) error {
	payload, err := m.open(s.private)
	if err != nil {
		return err
	}
	value, err := unpack(payload)
	if err != nil {
		return fmt.Errorf("the payload of opcode %d: %w", m.opcode, err)
	}
	list, _ := value.([]any)
	switch m.opcode {
	case opOption:
		return s.takeOption(l, m, list)
	case opPing:
		s.send(l, opACK, m.from, []any{opPing}, false)
	case opACK, opNACK:
		s.takeAnswer(m.opcode, list)
	case opShout:
		s.takeShout(l, m, value)
	case opWhisper:
		s.note(&s.report.Whispers, m, value)
		s.send(l, opACK, m.from, []any{opWhisper, m.signature}, false)
	}
	return nil
}

func (s *shouter) takeOption(l *shoutLink, m shoutMessage, list []any) error {
	if len(list) != 2 {
		return fmt.Errorf("an option with %d arguments", len(list))
	}
	switch list[0] {
	case uint64(optionSubnet):
		l.key = m.from
		s.greet(l, list[1])
		s.send(l, opACK, m.from, []any{opOption, optionSubnet, list[1]}, false)
		names := []any{s.host.ID().String(), l.stream.Conn().RemotePeer().String()}
		s.send(l, opOption, m.from, []any{optionIdentity, names}, false)
	case uint64(optionIdentity):
		expected := []any{l.stream.Conn().RemotePeer().String(), s.host.ID().String()}
		if fmt.Sprint(list[1]) != fmt.Sprint(expected) {
			return fmt.Errorf("a key that is bound to %v", list[1])
		}
		s.mutex.Lock()
		l.bound = true
		s.report.Bound = append(s.report.Bound, keyHash(m.from))
		s.mutex.Unlock()
		s.send(l, opACK, m.from, []any{opOption, optionIdentity, list[1]}, false)
	default:
		s.send(l, opNACK, m.from, []any{opOption, list[0], list[1]}, false)
	}
	return nil
}

func (s *shouter) takeAnswer(opcode byte, list []any) {
	if len(list) == 0 {
		return
	}
	about, _ := list[0].(uint64)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if opcode == opACK {
		s.report.Acks = append(s.report.Acks, about)
	} else {
		s.report.Nacks = append(s.report.Nacks, about)
	}
}

// takeShout passes the bytes on as they are, to all but whom they came from.
func (s *shouter) takeShout(from *shoutLink, m shoutMessage, value any) {
	s.mutex.Lock()
	known := s.seen[string(m.signature)]
	s.seen[string(m.signature)] = true
	s.mutex.Unlock()
	if known {
		return
	}
	s.note(&s.report.Shouts, m, value)
	s.spread(append(append([]byte{}, m.signature...), m.signed...), from)
}

func (s *shouter) note(list *[]said, m shoutMessage, value any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	*list = append(*list, said{keyHash(m.from), fmt.Sprint(value)})
}

func (s *shouter) spread(message []byte, except *shoutLink) {
	for _, l := range s.all() {
		if l != except {
			s.write(l, message)
		}
	}
}

func (s *shouter) all() []*shoutLink {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var links []*shoutLink
	for _, l := range s.links {
		links = append(links, l)
	}
	return links
}

// say says what it is told to: PING to all, PEER_SHOUT to everybody, PEER_WHISPER to each peer it is linked to.
func (s *shouter) say() {
	for _, l := range s.all() {
		s.send(l, opPing, l.key, nil, false)
		if text := os.Getenv("PEER_WHISPER"); text != "" {
			s.send(l, opWhisper, l.key, text, true)
		}
	}
	if text := os.Getenv("PEER_SHOUT"); text != "" {
		message, err := newShout(s.private, opShout, s.der, packed(text), false)
		if err != nil {
			log.Fatal(err)
		}
		s.spread(message, nil)
	}
}

func (s *shouter) send(l *shoutLink, opcode byte, to []byte, value any, sealed bool) {
	message, err := newShout(s.private, opcode, to, packed(value), sealed)
	if err != nil {
		log.Printf("opcode %d: %v", opcode, err)
		return
	}
	s.write(l, message)
}

func (s *shouter) write(l *shoutLink, message []byte) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if _, err := l.stream.Write(transmission(message)); err != nil {
		log.Printf("%s has left: %v", l.stream.Conn().RemotePeer(), err)
	}
}

func (s *shouter) close() any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.report
}
