package pbxtest

import (
	"io"
	"net/http"
	"sync/atomic"
)

// line is the connection under a websocket. It can go dead: then it neither reads nor
// writes and is not closed, as the line to a host without power.
type line struct {
	rwc  io.ReadWriteCloser
	dead atomic.Bool
}

func (l *line) Read(p []byte) (int, error) {
	if l.dead.Load() {
		return 0, errVanished
	}
	n, err := l.rwc.Read(p)
	if l.dead.Load() {
		return 0, errVanished
	}
	return n, err
}

func (l *line) Write(p []byte) (int, error) {
	if l.dead.Load() {
		return 0, errVanished
	}
	return l.rwc.Write(p)
}

// Close leaves a dead line open; see bury.
func (l *line) Close() error {
	if l.dead.Load() {
		return nil
	}
	return l.rwc.Close()
}

// bury closes the line, dead or not.
func (l *line) bury() { _ = l.rwc.Close() }

// tap is an HTTP transport that keeps hold of the line of an upgraded connection.
type tap struct {
	base http.RoundTripper
	line *line
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if rwc, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		t.line = &line{rwc: rwc}
		resp.Body = t.line
	}
	return resp, nil
}
