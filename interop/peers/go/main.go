// The process contract of interop/README.md: configuration by PEER_* variables, one line of JSON when told to end.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"
)

type config struct {
	protocol string
	seed     []byte
	listen   string
	dial     []string
	bits     int
	dataType uint64
}

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	report, err := run(os.Getenv("PEER_TASK"))
	if err != nil {
		log.Fatal(err)
	}
	line, err := json.Marshal(report)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func run(task string) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout())
	defer cancel()
	switch task {
	case "vectors":
		return verify(list("PEER_VECTORS"))
	case "peer":
		c, err := readConfig()
		if err != nil {
			return nil, err
		}
		p, err := start(ctx, c)
		if err != nil {
			return nil, err
		}
		select {
		case <-told():
			return p.close(), nil
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody closed stdin: %w", ctx.Err())
		}
	}
	return nil, fmt.Errorf("this program has no task %q", task)
}

// running is a peer that reports when it is told to end.
type running interface{ close() any }

func start(ctx context.Context, c config) (running, error) {
	if c.protocol == shoutProtocol {
		return startShouter(ctx, c)
	}
	return startGossip(ctx, c)
}

func timeout() time.Duration {
	seconds, err := strconv.Atoi(os.Getenv("PEER_TIMEOUT"))
	if err != nil {
		seconds = 300
	}
	return time.Duration(seconds) * time.Second
}

func readConfig() (config, error) {
	seed, err := hex.DecodeString(os.Getenv("PEER_SEED"))
	if err != nil || len(seed) != 32 {
		return config{}, fmt.Errorf("PEER_SEED must be 32 bytes, hexadecimal")
	}
	bits, err := strconv.Atoi(os.Getenv("PEER_DIFFICULTY_BITS"))
	if err != nil {
		return config{}, err
	}
	dataType, err := strconv.ParseUint(os.Getenv("PEER_DATA_TYPE"), 10, 16)
	return config{os.Getenv("PEER_PROTOCOL"), seed, os.Getenv("PEER_LISTEN"), list("PEER_DIAL"), bits, dataType}, err
}

func list(name string) []string {
	return strings.FieldsFunc(os.Getenv(name), func(r rune) bool { return r == ',' })
}

// told is closed once stdin is.
func told() <-chan struct{} {
	end := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(end)
	}()
	return end
}
