//lint:file-ignore SA1019 The module has moved, with the same API; moving along is one import line here.

package pbxtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"nhooyr.io/websocket"
)

var (
	errBinary  = errors.New("binary frame")
	errTooLong = fmt.Errorf("message of more than %d bytes", maxMessage)
)

// socket is a websocket of whole text messages. One goroutine may read and one may write.
type socket struct {
	ws       *websocket.Conn
	line     *line
	fragment int // bytes in a frame; 0 is no limit
}

// dialSocket connects to an http or https URL.
func dialSocket(ctx context.Context, url string, client *http.Client, fragment int) (*socket, error) {
	through, tapped := *client, &tap{base: client.Transport}
	through.Transport = tapped
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:      &through,
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1) // read has a limit of its own, to tell its error
	return &socket{ws: ws, line: tapped.line, fragment: fragment}, nil
}

// read returns the next message. After an error, errBinary and errTooLong included, the
// socket is of no more use. The end of ctx cuts it.
func (s *socket) read(ctx context.Context) ([]byte, error) {
	typ, r, err := s.ws.Reader(ctx)
	if err != nil {
		return nil, err
	}
	if typ != websocket.MessageText {
		return nil, errBinary
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxMessage {
		return nil, errTooLong
	}
	return raw, nil
}

func (s *socket) write(ctx context.Context, text []byte) error {
	if s.fragment <= 0 || len(text) <= s.fragment {
		return s.ws.Write(ctx, websocket.MessageText, text)
	}
	w, err := s.ws.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for len(text) > 0 {
		n := min(s.fragment, len(text))
		if _, err := w.Write(text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	return w.Close()
}

// ping waits for the pong; somebody must be reading meanwhile.
func (s *socket) ping(ctx context.Context) error { return s.ws.Ping(ctx) }

// vanish ends all reading and writing and closes nothing, so that the other side learns
// nothing of it. What is left is for cut.
func (s *socket) vanish() { s.line.dead.Store(true) }

// cut ends the connection without a closing handshake.
func (s *socket) cut() {
	s.line.bury()
	_ = s.ws.CloseNow()
}
