package pbx

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// maxLogins bounds the peers that are connected and have not logged in,
	// maxLoginsPerAddr those of one address.
	maxLogins        = 100
	maxLoginsPerAddr = 25

	// firstPenalty is how long the next login of an address has to wait after a
	// failed one. It doubles with each further failure, up to maxPenalty.
	firstPenalty = time.Second
	maxPenalty   = 5 * time.Second

	// forgiven is how long after its last failure an address is as good as new.
	forgiven = 15 * time.Minute

	// maxOffenders bounds the addresses that are remembered.
	maxOffenders = 10_000
)

// turnstile is what peers pass on their way in. Those of an address that has failed to
// log in pass one at a time and slowly, whatever they say, so that guessing a password
// does not get faster with more connections. It is safe for concurrent use.
type turnstile struct {
	mu     sync.Mutex // protects following
	inside []*entry   // the longest first
	byAddr map[string]*visits
}

// entry is a peer that is about to log in.
type entry struct {
	addr string
	end  context.CancelCauseFunc
}

// visits are what is remembered of one address.
type visits struct {
	inside   int
	failures int
	failed   time.Time // last
	next     time.Time // when the next login may be looked at
}

func newTurnstile() *turnstile { return &turnstile{byAddr: map[string]*visits{}} }

// enter lets one more peer in, which is to leave with what is returned, or returns nil
// where its address has enough of them inside. Where all places are taken, the peer that
// has been inside for longest has to go: it has said nothing of use in all that time.
func (t *turnstile) enter(addr string, end context.CancelCauseFunc) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	if v.inside >= maxLoginsPerAddr {
		return nil
	}
	if len(t.inside) >= maxLogins {
		t.inside[0].end(ErrCrowded)
		t.remove(t.inside[0])
	}
	e := &entry{addr, end}
	t.inside = append(t.inside, e)
	v.inside++
	return e
}

func (t *turnstile) leave(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(e)
}

// remove takes a peer out, if it is still inside. t.mu is held.
func (t *turnstile) remove(e *entry) {
	i := slices.Index(t.inside, e)
	if i < 0 {
		return
	}
	t.inside = slices.Delete(t.inside, i, i+1)
	v := t.of(e.addr)
	v.inside--
	if v.inside == 0 && v.forgiven() {
		delete(t.byAddr, e.addr)
	}
}

// turn returns how long a login has to wait before it is looked at; the one after it
// waits for longer. It takes no turn that would come later than within.
func (t *turnstile) turn(addr string, within time.Duration) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	if v.forgiven() {
		v.failures, v.next = 0, time.Time{}
		return 0, true
	}
	now := time.Now()
	if v.next.Before(now) {
		v.next = now
	}
	if wait = v.next.Sub(now); wait > within {
		return 0, false
	}
	v.next = v.next.Add(v.penalty())
	return wait, true
}

// failed takes down that a login of an address was wrong.
func (t *turnstile) failed(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	if v.forgiven() {
		v.failures, v.next = 0, time.Time{}
	}
	v.failures++
	v.failed = time.Now()
	if next := v.failed.Add(v.penalty()); v.next.Before(next) {
		v.next = next
	}
}

// passed takes down that a login of an address was right.
func (t *turnstile) passed(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	v.failures, v.next = 0, time.Time{}
}

func (v *visits) penalty() time.Duration {
	return min(firstPenalty<<min(v.failures-1, 8), maxPenalty)
}

// forgiven reports whether there is nothing to hold against an address.
func (v *visits) forgiven() bool { return v.failures == 0 || time.Since(v.failed) > forgiven }

// of returns what is remembered of an address, and makes room where that is much. t.mu
// is held.
func (t *turnstile) of(addr string) *visits {
	v := t.byAddr[addr]
	if v == nil {
		if len(t.byAddr) >= maxOffenders {
			t.forgetOne()
		}
		v = &visits{}
		t.byAddr[addr] = v
	}
	return v
}

// forgetOne forgets an address that nobody is coming from just now, any of them. t.mu is
// held.
func (t *turnstile) forgetOne() {
	for addr, v := range t.byAddr {
		if v.inside == 0 {
			delete(t.byAddr, addr)
			return
		}
	}
}

// network returns what of an address tells strangers apart: an IPv4 address, or the
// network of an IPv6 one, which has more addresses than can be remembered.
func network(addr string) string {
	ip, err := netip.ParseAddrPort(addr)
	host := ip.Addr()
	if err != nil {
		if host, err = netip.ParseAddr(addr); err != nil {
			return addr
		}
	}
	host = host.Unmap().WithZone("")
	if host.Is6() {
		if prefix, err := host.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return host.String()
}
