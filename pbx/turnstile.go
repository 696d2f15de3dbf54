package pbx

import (
	"net/netip"
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
	inside int
	byAddr map[string]*visits
}

// visits are what is remembered of one address.
type visits struct {
	inside   int
	failures int
	failed   time.Time // last
	next     time.Time // when the next login may be looked at
}

func newTurnstile() *turnstile { return &turnstile{byAddr: map[string]*visits{}} }

// enter reports whether there is room for one more peer. If so, it is to leave.
func (t *turnstile) enter(addr string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	if t.inside >= maxLogins || v.inside >= maxLoginsPerAddr {
		t.tidy(addr, v)
		return false
	}
	t.inside++
	v.inside++
	return true
}

func (t *turnstile) leave(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	t.inside--
	v.inside--
	t.tidy(addr, v)
}

// turn returns how long a login has to wait before it is looked at. The one after it
// waits for longer.
func (t *turnstile) turn(addr string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
	now := time.Now()
	if v.failures == 0 || now.Sub(v.failed) > forgiven {
		v.failures = 0
		return 0
	}
	if v.next.Before(now) {
		v.next = now
	}
	wait := v.next.Sub(now)
	v.next = v.next.Add(v.penalty())
	return wait
}

// failed takes down that a login of an address was wrong.
func (t *turnstile) failed(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.of(addr)
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
	t.of(addr).failures = 0
}

func (v *visits) penalty() time.Duration {
	return min(firstPenalty<<min(v.failures-1, 8), maxPenalty)
}

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

// tidy forgets an address of which nothing is worth remembering. t.mu is held.
func (t *turnstile) tidy(addr string, v *visits) {
	if v.inside == 0 && (v.failures == 0 || time.Since(v.failed) > forgiven) {
		delete(t.byAddr, addr)
	}
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
