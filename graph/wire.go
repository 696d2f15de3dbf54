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
	"time"
)

const (
	// maxAnswer is the size of the largest answer that is read. A page of 999
	// people with all their licences has about 10 MB.
	maxAnswer = 64 << 20
	// holdDefault is how long to wait after a 429 without Retry-After.
	holdDefault = 5 * time.Second
	// attemptTimeout is what Graph has for one answer, the waiting before it aside.
	// Renewals are known to take a minute before they fail; a read of presence that takes
	// so long is better made anew.
	attemptTimeout = 100 * time.Second
	readTimeout    = 10 * time.Second
)

// wire is the innermost transport of a Client: each attempt of a call comes by. It
// waits at the throttle, keeps everybody back when Graph throttles, bounds what is
// read and how long that takes, and makes an answer that is no JSON (the page of a
// proxy) one that the SDK can report with its status.
type wire struct {
	next     http.RoundTripper // nil means http.DefaultTransport
	throttle *Throttle
	log      *slog.Logger
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	next := w.next
	if next == nil {
		next = http.DefaultTransport
	}
	e := errandOf(req.Context())
	if err := w.throttle.pass(req.Context(), e); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), timeoutOf(req))
	resp, err := next.RoundTrip(req.WithContext(ctx))
	e.unsure = e.unsure || err != nil || resp.StatusCode != http.StatusTooManyRequests
	if err != nil {
		cancel()
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		wait := cmp.Or(retryAfter(resp.Header), holdDefault)
		if w.throttle.hold(wait) {
			w.log.Warn("throttled by Graph", "wait", wait)
		}
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: maxAnswer, done: cancel}
	if !foreign(resp) || resp.StatusCode < http.StatusMultipleChoices && unread(req) {
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

func timeoutOf(req *http.Request) time.Duration {
	if strings.HasSuffix(req.URL.Path, "/getPresencesByUserId") {
		return readTimeout
	}
	return attemptTimeout
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

// unread reports a request of whose success only the status matters: a presence
// write, or a deletion.
func unread(req *http.Request) bool {
	return req.Method == http.MethodDelete || strings.Contains(req.URL.Path, "/presence/")
}

// bounded is a body that fails where it gets too long.
type bounded struct {
	io.ReadCloser
	left int64
	done context.CancelFunc
}

func (b *bounded) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("answer is too long")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
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
