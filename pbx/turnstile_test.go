package pbx_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

// guess logs in with a wrong password, and returns how long the answer took.
func guess(r *rig) time.Duration {
	wrong := asPBX("hq")
	wrong.password = "guess"
	w := r.dial("/")
	start := time.Now()
	w.send(`{"mt":"AppChallenge"}`)
	challenge := (<-w.messages)["challenge"].(string)
	w.send(wrong.appLogin(challenge))
	select {
	case m := <-w.messages:
		require.Equal(r.t, false, m["ok"])
	case <-w.closed:
		return -1
	}
	return time.Since(start)
}

func TestGuessingSlowsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		var took []time.Duration
		for range 5 {
			took = append(took, guess(r).Round(100*time.Millisecond))
		}
		require.Equal(t, []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second}, took)
		time.Sleep(time.Second)
		require.EqualValues(t, 5, r.server.Counters().RefusedLogins)

		start := time.Now()
		w := r.dial("/")
		w.send(`{"mt":"AppChallenge"}`)
		w.send(asPBX("hq").appLogin((<-w.messages)["challenge"].(string)))
		require.Equal(t, true, (<-w.messages)["ok"])
		require.InDelta(t, 5, time.Since(start).Seconds(), 1.1, "also who knows the password waits once")
		require.Zero(t, guess(r), "and ends it for that address")
	})
}

func TestGuessingIsNotFasterInParallel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		guess(r)
		start := time.Now()
		const guesses = 20
		looked := make(chan bool, guesses)
		for range guesses {
			go func() { looked <- guess(r) >= 0 }()
		}
		answered := 0
		for range guesses {
			if <-looked {
				answered++
			}
		}
		require.LessOrEqual(t, answered, 10, "in %v", time.Since(start))
		require.Equal(t, presence.StateFailed, r.light("master PBX").State)
		require.Contains(t, r.log.String(), "too many failed logins from this address")
	})
}

func TestAddressesAreToldApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := "192.0.2.1:1"
		r := newRig(t, pbx.Options{Address: func(*http.Request) string { return addr }})
		guess(r)
		addr = "192.0.2.1:2"
		require.NotZero(t, guess(r), "the port makes no difference")
		addr = "192.0.2.2:1"
		require.Zero(t, guess(r))
		addr = "[2001:db8::1]:1"
		guess(r)
		addr = "[2001:db8::2]:1"
		require.NotZero(t, guess(r), "one network")
		addr = "[2001:db8:0:1::1]:1"
		require.Zero(t, guess(r))
		time.Sleep(20 * time.Minute)
		addr = "192.0.2.1:1"
		require.Zero(t, guess(r), "forgiven")
	})
}

func TestOneAddressDoesNotTakeAllPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := "192.0.2.1"
		r := newRig(t, pbx.Options{Address: func(*http.Request) string { return addr }})
		for range 25 {
			r.dial("/")
		}
		require.False(t, r.admits())
		addr = "192.0.2.2"
		require.True(t, r.admits())
	})
}

func TestManyOffenders(t *testing.T) {
	t.Parallel()
	turns := pbx.NewTurnstile()
	for i := range 20_000 {
		addr := fmt.Sprint(i)
		require.True(t, turns.Enter(addr))
		turns.Failed(addr)
		turns.Leave(addr)
	}
	require.LessOrEqual(t, turns.Remembered(), 10_000)
	require.NotZero(t, turns.Turn("19999"))
	for i := range 10 {
		turns.Enter(fmt.Sprint("honest", i))
		turns.Leave(fmt.Sprint("honest", i))
	}
	require.LessOrEqual(t, turns.Remembered(), 10_000)
}
