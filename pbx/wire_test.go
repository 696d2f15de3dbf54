package pbx_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// wire is the client end of a websocket, written down by hand: one goroutine reads
// all frames, answers pings, and keeps the messages in order.
type wire struct {
	r        *rig
	conn     net.Conn
	messages chan map[string]any
	closed   chan struct{} // the server has closed
	reading  chan struct{} // holds a token; without it nothing is read
	writing  chan struct{} // holds a token for the one who writes; a mutex would stop the clock

	mu    sync.Mutex // protects following
	mute  bool       // pings stay unanswered
	pings int
	close uint16 // code of the close frame
}

// dial opens a websocket to the server.
func (r *rig) dial(path string) *wire {
	r.t.Helper()
	near, far := net.Pipe()
	r.dials <- far
	w := &wire{r: r, conn: near, messages: make(chan map[string]any, 10000), closed: make(chan struct{}), reading: make(chan struct{}, 1), writing: make(chan struct{}, 1)}
	w.reading <- struct{}{}
	w.writing <- struct{}{}
	r.t.Cleanup(func() { _ = near.Close(); <-w.closed })
	request := "GET " + path + " HTTP/1.1\r\nHost: service\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	_, err := io.WriteString(near, request)
	require.NoError(r.t, err)
	reader := bufio.NewReader(near)
	response, err := http.ReadResponse(reader, nil)
	require.NoError(r.t, err)
	require.Equal(r.t, http.StatusSwitchingProtocols, response.StatusCode)
	go w.readAll(reader)
	return w
}

func (w *wire) readAll(reader *bufio.Reader) {
	defer close(w.closed)
	for {
		w.reading <- <-w.reading
		var head [2]byte
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return
		}
		length := uint64(head[1])
		switch length {
		case 126:
			var n uint16
			_ = binary.Read(reader, binary.BigEndian, &n)
			length = uint64(n)
		case 127:
			_ = binary.Read(reader, binary.BigEndian, &length)
		}
		payload := make([]byte, length)
		if _, err := io.ReadFull(reader, payload); err != nil {
			return
		}
		switch head[0] & 0x0f {
		case 1:
			var m map[string]any
			if err := json.Unmarshal(payload, &m); err != nil {
				w.r.t.Errorf("server sent %q: %v", payload, err)
			}
			w.messages <- m
		case 8:
			w.mu.Lock()
			if len(payload) >= 2 {
				w.close = binary.BigEndian.Uint16(payload)
			}
			w.mu.Unlock()
			w.frame(0x88, payload)
			_ = w.conn.Close()
			return
		case 9:
			w.mu.Lock()
			w.pings++
			mute := w.mute
			w.mu.Unlock()
			if !mute {
				w.frame(0x8a, payload)
			}
		}
	}
}

// frame sends one frame, masked with zeros. A server that has gone is no failure.
func (w *wire) frame(first byte, payload []byte) {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	token := <-w.writing
	defer func() { w.writing <- token }()
	_, _ = w.conn.Write(append(append(head, 0, 0, 0, 0), payload...))
}

// send sends text messages.
func (w *wire) send(messages ...string) {
	for _, m := range messages {
		w.frame(0x81, []byte(m))
	}
}

// received waits until nothing moves any more and returns what the server has sent.
func (w *wire) received() []map[string]any {
	synctest.Wait()
	var all []map[string]any
	for {
		select {
		case m := <-w.messages:
			all = append(all, m)
		default:
			return all
		}
	}
}

// isClosed reports whether the server has closed by now.
func (w *wire) isClosed() bool {
	synctest.Wait()
	select {
	case <-w.closed:
		return true
	default:
		return false
	}
}

// identity is what an AppLogin claims.
type identity struct {
	app, domain, sip, guid, dn, info, password, pbxObj string
}

// asPBX is the identity of the App object of a PBX.
func asPBX(name string) identity {
	return identity{
		app: "innovaphone-microsoft365", domain: "example.com", sip: "ms365", guid: guidA, dn: "MS & Ünïcode <1>",
		info:     `{"appobj":"ms365","appurl":"https://x/ms365/innovaphone-microsoft365","pbx":"` + name + `","cn":"A&B","apps":[]}`,
		password: password,
	}
}

// login sends AppChallenge and AppLogin and returns whether the server let it in.
func (w *wire) login(i identity) bool {
	w.r.t.Helper()
	w.send(`{"mt":"AppChallenge"}`)
	answers := w.received()
	require.Len(w.r.t, answers, 1)
	require.Equal(w.r.t, "AppChallengeResult", answers[0]["mt"])
	challenge := answers[0]["challenge"].(string)
	require.Regexp(w.r.t, "^[0-9a-f]{16}$", challenge)
	w.send(i.appLogin(challenge))
	answers = w.received()
	require.Len(w.r.t, answers, 1)
	require.Equal(w.r.t, "AppLoginResult", answers[0]["mt"])
	return answers[0]["ok"] == true
}

// logsIn is login for a server that takes its time.
func (w *wire) logsIn(i identity) bool {
	w.send(`{"mt":"AppChallenge"}`)
	w.send(i.appLogin((<-w.messages)["challenge"].(string)))
	return (<-w.messages)["ok"] == true
}

func (i identity) appLogin(challenge string) string {
	parts := []string{i.app, i.domain, i.sip, i.guid, i.dn}
	login := `{"mt":"AppLogin","sip":` + quote(i.sip) + `,"guid":` + quote(i.guid) + `,"dn":` + quote(i.dn)
	if i.info != "" {
		parts = append(parts, i.info)
		login += `,"info":` + i.info
	}
	if i.pbxObj != "" {
		login += `,"pbxObj":` + quote(i.pbxObj)
	}
	sum := sha256.Sum256([]byte(strings.Join(append(parts, challenge, i.password), ":")))
	return login + `,"digest":"` + hex.EncodeToString(sum[:]) + `","domain":` + quote(i.domain) + `,"app":` + quote(i.app) + `}`
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
