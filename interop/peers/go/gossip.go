// A gossip peer that calls everything valid, passes it on, and says it again under the next data type. Written from
// docs/specs/gossip.md; it speaks the dialect of the protocol it is told.

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"strconv"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	redialAfter = time.Second
	askEvery    = 2 * time.Second
	maxOffered  = 64
)

var dialectOf = map[string]string{
	"/hearsay/gossip/1.0.0":     "g1_final",
	"/hearsay/gossip-p2p/1.0.0": "g2_document",
}

// newHost is a libp2p host with TCP, noise and yamux, and the identity it is told.
func newHost(c config) (host.Host, error) {
	private := ed25519.NewKeyFromSeed(c.seed)
	key, err := crypto.UnmarshalEd25519PrivateKey(private)
	if err != nil {
		return nil, err
	}
	listen := libp2p.NoListenAddrs
	if c.listen != "" {
		listen = libp2p.ListenAddrStrings(c.listen)
	}
	return libp2p.New(libp2p.Identity(key), listen, libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableRelay(), libp2p.ResourceManager(&network.NullResourceManager{}))
}

// link is one stream to one peer.
type link struct {
	stream    network.Stream
	outbound  bool
	verified  bool
	informed  bool
	challenge *uint64
	writing   sync.Mutex
}

func (l *link) remote() peer.ID { return l.stream.Conn().RemotePeer() }

func (l *link) direction() string {
	if l.outbound {
		return "outbound"
	}
	return "inbound"
}

type verifiedPeer struct {
	Peer      string `json:"peer"`
	Direction string `json:"direction"`
}

type heard struct {
	ID       string `json:"id"`
	TTL      uint64 `json:"ttl"`
	DataType uint64 `json:"dataType"`
	Bytes    int    `json:"bytes"`
	SHA256   string `json:"sha256"`
}

type portInfo struct {
	Peer string `json:"peer"`
	Port uint64 `json:"port"`
}

type gossipReport struct {
	PeerID   string         `json:"peerId"`
	Verified []verifiedPeer `json:"verified"`
	Heard    []heard        `json:"heard"`
	Infos    []portInfo     `json:"infos"`
	Offers   []string       `json:"offers"`
	Refused  []string       `json:"refused"`
	// how often it was told what it had heard
	Copies int `json:"copies"`
}

type seenKey struct {
	id, dataType uint64
	sum          [32]byte
}

type gossip struct {
	config  config
	dialect dialect
	g2      bool
	host    host.Host

	// guards what follows
	mutex  sync.Mutex
	links  map[peer.ID]*link
	seen   map[seenKey]bool
	report gossipReport
}

func startGossip(ctx context.Context, c config) (*gossip, error) {
	name, known := dialectOf[c.protocol]
	if !known {
		return nil, fmt.Errorf("this peer does not speak %s", c.protocol)
	}
	h, err := newHost(c)
	if err != nil {
		return nil, err
	}
	g := &gossip{
		config: c, dialect: dialects[name], g2: name == "g2_document", host: h,
		links: map[peer.ID]*link{}, seen: map[seenKey]bool{},
		report: gossipReport{PeerID: h.ID().String(), Verified: []verifiedPeer{}, Heard: []heard{},
			Infos: []portInfo{}, Offers: []string{}, Refused: []string{}},
	}
	h.SetStreamHandler(protocol.ID(c.protocol), func(s network.Stream) { g.attend(ctx, &link{stream: s}) })
	for _, address := range c.dial {
		go g.keep(ctx, address)
	}
	if !g.g2 {
		go g.ask(ctx)
	}
	return g, nil
}

// keep stays linked to a known peer.
func (g *gossip) keep(ctx context.Context, address string) {
	target, err := peer.AddrInfoFromString(address)
	if err != nil {
		log.Fatalf("%s: %v", address, err)
	}
	for ; ctx.Err() == nil; time.Sleep(redialAfter) {
		g.mutex.Lock()
		linked := g.links[target.ID] != nil
		g.mutex.Unlock()
		if linked {
			continue
		}
		if err := g.host.Connect(ctx, *target); err != nil {
			log.Printf("dialling %s: %v", target.ID, err)
			continue
		}
		stream, err := g.host.NewStream(ctx, target.ID, protocol.ID(g.config.protocol))
		if err != nil {
			log.Printf("opening a stream to %s: %v", target.ID, err)
			continue
		}
		go g.attend(ctx, &link{stream: stream, outbound: true})
	}
}

// attend is a stream's life.
func (g *gossip) attend(ctx context.Context, l *link) {
	g.mutex.Lock()
	g.links[l.remote()] = l
	g.mutex.Unlock()
	err := g.open(l)
	for err == nil {
		var frame []byte
		if frame, err = readFrame(l.stream); err == nil {
			err = g.take(ctx, l, frame)
		}
	}
	log.Printf("%s: %v", l.remote(), err)
	g.mutex.Lock()
	if g.links[l.remote()] == l {
		delete(g.links, l.remote())
	}
	if errors.Is(err, errRefused) {
		g.report.Refused = append(g.report.Refused, err.Error())
	}
	g.mutex.Unlock()
	if errors.Is(err, errWrongProof) || errors.Is(err, io.EOF) {
		_ = l.stream.Close()
	} else {
		_ = l.stream.Reset()
	}
}

var errWrongProof = fmt.Errorf("%w: a wrong proof", errRefused)

func (g *gossip) open(l *link) error {
	if !l.outbound {
		challenge := randomBits(64)
		l.challenge = &challenge
		return g.send(l, "challenge", message{numbers: map[string]uint64{"challenge": challenge}})
	}
	if port := g.port(); port != 0 && !g.g2 {
		return g.send(l, "info", message{numbers: map[string]uint64{"port": port}})
	}
	return nil
}

// port is that of the first TCP address it listens on.
func (g *gossip) port() uint64 {
	for _, address := range g.host.Addrs() {
		if text, err := address.ValueForProtocol(multiaddr.P_TCP); err == nil {
			port, _ := strconv.ParseUint(text, 10, 16)
			return port
		}
	}
	return 0
}

func (g *gossip) send(l *link, name string, m message) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err := l.stream.Write(g.dialect.encode(name, m))
	return err
}

func (g *gossip) take(ctx context.Context, l *link, frame []byte) error {
	m, err := g.dialect.decode(frame)
	if err != nil {
		return err
	}
	name := m.layout.name
	switch {
	case l.verified:
		return g.takeVerified(l, m)
	case !l.outbound && name == "info" && !l.informed:
		l.informed = true
		g.learn(l, m)
		return nil
	case !l.outbound && name == "proof":
		return g.judge(l, m.numbers["nonce"])
	case l.outbound && name == "challenge" && l.challenge == nil:
		challenge := m.numbers["challenge"]
		l.challenge = &challenge
		nonce, err := solve(ctx, challenge, g.config.bits)
		if err != nil {
			return err
		}
		return g.send(l, "proof", message{numbers: map[string]uint64{"nonce": nonce}})
	case l.outbound && name == "verdict" && (g.g2 || m.valid):
		g.admit(l)
		return nil
	}
	return fmt.Errorf("%w: %s before the proof", errRefused, name)
}

func (g *gossip) judge(l *link, nonce uint64) error {
	right := proves(*l.challenge, nonce, g.config.bits)
	if right || !g.g2 {
		if err := g.send(l, "verdict", message{valid: right}); err != nil {
			return err
		}
	}
	if !right {
		return errWrongProof
	}
	g.admit(l)
	return nil
}

func (g *gossip) admit(l *link) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	l.verified = true
	g.report.Verified = append(g.report.Verified, verifiedPeer{l.remote().String(), l.direction()})
	log.Printf("verified %s", l.remote())
}

func (g *gossip) learn(l *link, m *message) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.report.Infos = append(g.report.Infos, portInfo{l.remote().String(), m.numbers["port"]})
}

func (g *gossip) takeVerified(l *link, m *message) error {
	switch m.layout.name {
	case "announce":
		g.hear(l, m)
	case "discovery":
		return g.offer(l)
	case "offer":
		g.takeOffer(m.addresses)
	case "info":
		g.learn(l, m)
	default:
		return fmt.Errorf("%w: %s after the proof", errRefused, m.layout.name)
	}
	return nil
}

func (g *gossip) hear(from *link, m *message) {
	id, ttl, dataType := m.numbers["id"], m.numbers["ttl"], m.numbers["dataType"]
	sum := sha256.Sum256(m.data)
	if dataType != g.config.dataType {
		return
	}
	if !g.isNew(seenKey{id, dataType, sum}) {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.report.Copies++
		return
	}
	g.mutex.Lock()
	g.report.Heard = append(g.report.Heard,
		heard{fmt.Sprintf("%x", id), ttl, dataType, len(m.data), hex.EncodeToString(sum[:])})
	log.Printf("heard %x", id)
	g.mutex.Unlock()
	if ttl != 1 {
		g.spread(id, max(ttl, 1)-1, dataType, m.data, from)
	}
	g.announce(dataType+1, m.data)
}

func (g *gossip) isNew(key seenKey) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	known := g.seen[key]
	g.seen[key] = true
	return !known
}

func (g *gossip) announce(dataType uint64, data []byte) {
	id := randomBits(64)
	if g.g2 {
		id = randomBits(16)
	}
	g.isNew(seenKey{id, dataType, sha256.Sum256(data)})
	g.spread(id, 0, dataType, data, nil)
}

func (g *gossip) spread(id, ttl, dataType uint64, data []byte, from *link) {
	m := message{numbers: map[string]uint64{"id": id, "ttl": ttl, "dataType": dataType}, data: data}
	for _, l := range g.verified(from) {
		if err := g.send(l, "announce", m); err != nil {
			log.Printf("%s has left: %v", l.remote(), err)
		}
	}
}

// verified are all links behind the gate but one.
func (g *gossip) verified(except *link) []*link {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	var others []*link
	for _, l := range g.links {
		if l.verified && l != except {
			others = append(others, l)
		}
	}
	return others
}

func (g *gossip) offer(asker *link) error {
	var addresses []string
	for _, l := range g.verified(asker) {
		if address := g.addressOf(l); address != "" && len(addresses) < maxOffered {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	return g.send(asker, "offer", message{addresses: addresses})
}

// addressOf is where others can dial a peer: as identify has it, on the host it speaks from.
func (g *gossip) addressOf(l *link) string {
	remote, err := manet.ToIP(l.stream.Conn().RemoteMultiaddr())
	if err != nil {
		return ""
	}
	for _, address := range g.host.Peerstore().Addrs(l.remote()) {
		if ip, err := manet.ToIP(address); err == nil && ip.Equal(remote) && listens(address, l) {
			return fmt.Sprintf("%s/p2p/%s", address, l.remote())
		}
	}
	return ""
}

// listens tells a listening address from the port that an inbound connection happens to come from.
func listens(address multiaddr.Multiaddr, l *link) bool {
	return l.outbound || !address.Equal(l.stream.Conn().RemoteMultiaddr())
}

func (g *gossip) takeOffer(addresses []string) {
	g.mutex.Lock()
	g.report.Offers = append(g.report.Offers, addresses...)
	g.mutex.Unlock()
	for _, address := range addresses {
		// so that those who watch our clients see it
		g.announce(g.config.dataType+2, []byte(address))
	}
}

// ask asks everybody for others, until somebody offers some.
func (g *gossip) ask(ctx context.Context) {
	for time.Sleep(askEvery); ctx.Err() == nil; time.Sleep(askEvery) {
		g.mutex.Lock()
		offered := len(g.report.Offers) > 0
		g.mutex.Unlock()
		if offered {
			return
		}
		for _, l := range g.verified(nil) {
			if err := g.send(l, "discovery", message{}); err != nil {
				log.Printf("%s has left: %v", l.remote(), err)
			}
		}
	}
}

func (g *gossip) close() any {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.report
}

func randomBits(count uint) uint64 {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), count))
	if err != nil {
		panic(err)
	}
	var bytes [8]byte
	number.FillBytes(bytes[:])
	return binary.BigEndian.Uint64(bytes[:])
}
