package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxAnswer is the size of the largest answer that is read. A page of 999
	// people with all their licences has about 10 MB.
	maxAnswer = 64 << 20
	// holdDefault is how long to wait after a 429 without Retry-After.
	holdDefault = 5 * time.Second
)

// wire is the innermost transport of a Client. It closes the gate when Graph
// throttles, bounds what is read, and makes an answer that is no JSON (the page
// of a proxy) one that the SDK can report with its status.
type wire struct {
	next http.RoundTripper // nil means http.DefaultTransport
	gate *gate
	log  *slog.Logger
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	next := w.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		wait := cmp.Or(retryAfter(resp.Header), holdDefault)
		w.gate.hold(wait)
		w.log.Warn("throttled by Graph", "wait", wait)
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: maxAnswer}
	if !foreign(resp) {
		return resp, nil
	}
	resp.Body.Close()
	if resp.StatusCode < http.StatusBadRequest {
		resp.StatusCode = http.StatusBadGateway
	}
	body := fmt.Sprintf(`{"error":{"code":%q,"message":""}}`, codeForeign)
	resp.Body = io.NopCloser(strings.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Type", jsonType)
	resp.Header.Del("Content-Encoding")
	return resp, nil
}

// foreign reports an answer that has content, but none of Graph's.
func foreign(resp *http.Response) bool {
	kind := resp.Header.Get("Content-Type")
	if kind == "" || resp.ContentLength == 0 {
		return false
	}
	media, _, err := mime.ParseMediaType(kind)
	return err != nil || media != jsonType && !strings.HasSuffix(media, "+json")
}

// bounded is a body that fails where it gets too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("answer is too long")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// gate makes every call of a Client wait while Graph throttles one of them.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// hold keeps the gate closed for d from now, or for longer where it already is.
func (g *gate) hold(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// wait returns when the gate is open, or with the error of ctx.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		left := time.Until(g.until)
		g.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left, nil); err != nil {
			return err
		}
	}
}

// retryAfter reads the header of that name: seconds, or a date. Zero means none.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 {
		return time.Duration(min(s, 86400) * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
