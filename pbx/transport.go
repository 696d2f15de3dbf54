//lint:file-ignore SA1019 The successor, github.com/coder/websocket, has the same API: moving to it is a change of this file alone.

package pbx

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"nhooyr.io/websocket"
)

// errBinary is returned by socket.read for a frame that is not text. The socket
// stays usable.
var errBinary = fmt.Errorf("%w: binary", ErrFrame)

// socket is an accepted websocket. One goroutine may read while another writes;
// pings of the peer are answered while one reads. The end of the context of a read
// or write ends the socket.
type socket struct{ ws *websocket.Conn }

// accept upgrades a request, or answers it with the reason why not. Any origin is
// welcome: a peer proves itself by its login, never by a cookie.
func accept(w http.ResponseWriter, r *http.Request) (*socket, error) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	return &socket{ws}, nil
}

// limit bounds the frames to come, in bytes. A longer one ends the socket.
func (s *socket) limit(n int64) { s.ws.SetReadLimit(n) }

func (s *socket) read(ctx context.Context) ([]byte, error) {
	kind, frame, err := s.ws.Read(ctx)
	if err == nil && kind != websocket.MessageText {
		return nil, errBinary
	}
	return frame, err
}

func (s *socket) write(ctx context.Context, frame []byte) error {
	return s.ws.Write(ctx, websocket.MessageText, frame)
}

// ping returns when the peer has answered. It needs somebody who reads.
func (s *socket) ping(ctx context.Context) error { return s.ws.Ping(ctx) }

// close tells the peer why, waits a few seconds for it to agree, and ends the
// socket in any case. A socket may be closed more than once.
func (s *socket) close(why error) {
	code := websocket.StatusPolicyViolation
	switch {
	case errors.Is(why, ErrStopped):
		code = websocket.StatusGoingAway
	case errors.Is(why, ErrReplaced):
		code = websocket.StatusNormalClosure
	}
	_ = s.ws.Close(code, closeReason(why))
}

// closeReason is a text that fits a close frame and tells a stranger nothing but
// the sentinel.
func closeReason(why error) string {
	for _, known := range []error{
		ErrStopped, ErrReplaced, ErrSlow, ErrDigest, ErrApp, ErrNoChallenge, ErrNotLoggedIn, ErrLoginTimeout,
		ErrTooManyFailures, ErrCrowded, ErrFrame,
	} {
		if errors.Is(why, known) {
			return known.Error()
		}
	}
	return ""
}
