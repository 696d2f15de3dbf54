package graph_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

// crowded is a Webhook to which strangers post.
type crowded struct {
	*graph.Webhook
	held    atomic.Int64  // bytes read of bodies that have not ended
	refused atomic.Int64  // bodies
	end     chan struct{} // of all of them
}

func newCrowded(t *testing.T) *crowded {
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL})
	require.NoError(t, err)
	return &crowded{Webhook: hook, end: make(chan struct{})}
}

func (c *crowded) post(body io.Reader) (status int) {
	rw := httptest.NewRecorder()
	c.ServeHTTP(rw, httptest.NewRequest("POST", hookURL, body))
	return rw.Code
}

// stranger sends that many bytes, with a pause after each part, and then no end.
func (c *crowded) stranger(size, part int, pause time.Duration) {
	from, to := io.Pipe()
	go func() {
		defer to.Close()
		for sent := 0; sent < size; sent += part {
			if _, err := to.Write(make([]byte, part)); err != nil {
				return
			}
			time.Sleep(pause)
		}
		<-c.end
	}()
	body := &counted{from: from}
	body.read = func(n int) { c.held.Add(int64(n)); body.n += n }
	if c.post(body) == http.StatusServiceUnavailable {
		c.refused.Add(1)
		c.held.Add(-int64(body.n))
	}
	from.Close()
}

// counted is a body that tells how much of it is read.
type counted struct {
	from io.Reader
	read func(n int)
	n    int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read(n)
	return n, err
}

func TestWebhookAnswersBesideBodiesThatTrickle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded(t)
		for range 200 {
			go c.stranger(100, 1, 100*time.Millisecond)
		}
		pass(4 * time.Second)
		begin := time.Now()
		require.Equal(t, http.StatusAccepted, c.post(strings.NewReader(`{"value":[{"subscriptionId":"unknown"}]}`)))
		require.Zero(t, time.Since(begin))
		require.Equal(t, graph.Counts{Received: 1, Unknown: 1}, c.Counts())
		require.Zero(t, c.refused.Load(), "they do no harm")
		close(c.end)
		pass(10 * time.Second)
		require.EqualValues(t, 200, c.Counts().Unparsable)
	})
}

func TestWebhookBoundsTheMemoryOfBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded(t)
		for _, of := range []struct{ many, size int }{{60, 3 << 20}, {60, 900 << 10}, {200, 60 << 10}, {100, 9 << 10}, {10, 3 << 10}} {
			for range of.many {
				go c.stranger(of.size, min(of.size, 64<<10), 0)
			}
			pass(time.Second)
		}
		require.Positive(t, c.refused.Load(), "Graph delivers again")
		require.Less(t, c.held.Load(), int64(64<<20))
		require.Equal(t, http.StatusAccepted, c.post(strings.NewReader(`{"value":[]}`)), "a small one finds room")
		rw := httptest.NewRecorder()
		c.ServeHTTP(rw, httptest.NewRequest("POST", hookURL+"?validationToken=x", nil))
		require.Equal(t, "x", rw.Body.String(), "a handshake needs none")
		close(c.end)
		synctest.Wait()
		for range 20 { // and all of it is given back
			require.Equal(t, http.StatusAccepted, c.post(bytes.NewReader(make([]byte, 4<<20))))
		}
	})
}

func TestWebhookReadsBodiesOfEverySize(t *testing.T) {
	t.Parallel()
	hook := newCrowded(t)
	const item = `{"value":[{"subscriptionId":"unknown"}]}`
	for n, size := range []int{len(item), 4095, 4096, 4097, 8192, 1<<20 + 1, 4 << 20} {
		require.Equal(t, http.StatusAccepted, hook.post(strings.NewReader(item+strings.Repeat(" ", size-len(item)))))
		require.Equal(t, graph.Counts{Received: uint64(n + 1), Unknown: uint64(n + 1)}, hook.Counts(), size)
	}
	require.Equal(t, http.StatusAccepted, hook.post(strings.NewReader(item+strings.Repeat(" ", 4<<20+1-len(item)))))
	require.EqualValues(t, 1, hook.Counts().Unparsable, "it is too long")
}
