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
		const guesses = 20
		took := make(chan time.Duration, guesses)
		for range guesses {
			go func() { took <- guess(r) }()
		}
		waited := 0
		for range guesses {
			if <-took > 0 {
				waited++
			}
		}
		require.NotZero(t, waited)
		require.LessOrEqual(t, waited, 11, "one a second at most; the others are not looked at")
		require.Contains(t, r.log.String(), "too many failed logins from this address")
		require.Equal(t, presence.StateFailed, r.light("master PBX").State)

		time.Sleep(6 * time.Second)
		start := time.Now()
		require.True(t, r.dial("/").logsIn(asPBX("hq")), "one who knows the password is not kept out")
		require.Less(t, time.Since(start), 6*time.Second)
	})
}

func TestAskingForThePasswordForgivesNothing(t *testing.T) {
	t.Parallel()
	for _, check := range []pbx.CheckLogin{pbx.CheckLoginOff, pbx.CheckLoginAsSent, pbx.CheckLoginEmpty} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, pbx.Options{Password: "pwd", App: "pbxadminapi", CheckLogin: check})
			guess(r)
			w := r.dial("/")
			const digest = "a205299ed2ef2786c311e0be1b14db343f2cadd906a6ae7b564eee34bda5e9a1"
			w.send(`{"mt":"AppCheckLogin","src":"s","app":"pbxadminapi","domain":"","challenge":"0123456789abcdef","digest":"` + digest + `"}`)
			time.Sleep(time.Second)
			answers := w.received()
			require.Equal(t, check == pbx.CheckLoginOff, len(answers) == 0)
			require.NotZero(t, guess(r))
		})
	}
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
		require.EqualValues(t, 1, r.server.Counters().TurnedAway)
		require.Contains(t, r.log.String(), "too many logins at once")
		addr = "192.0.2.2"
		require.True(t, r.admits())
	})
}

func TestSilentPeersMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, pbx.Options{Address: func(*http.Request) string { n++; return fmt.Sprint(n) }})
		first := r.dial("/")
		for range 99 {
			r.dial("/")
		}
		require.False(t, first.isClosed())
		newFake("master").connect(r)
		require.Contains(t, kinds(r.take()), "up")
		time.Sleep(time.Second)
		require.True(t, first.isClosed(), "whoever has been silent for longest")
		require.Contains(t, r.log.String(), pbx.ErrCrowded.Error())
	})
}

func TestManyOffenders(t *testing.T) {
	t.Parallel()
	turns := pbx.NewTurnstile()
	nobody := func(error) {}
	for i := range 20_000 {
		addr := fmt.Sprint(i)
		leave := turns.Enter(addr, nobody)
		require.NotNil(t, leave)
		turns.Failed(addr)
		leave()
	}
	require.LessOrEqual(t, turns.Remembered(), 10_000)
	wait, ok := turns.Turn("19999", time.Minute)
	require.True(t, ok)
	require.NotZero(t, wait)
	for i := range 10 {
		turns.Enter(fmt.Sprint("honest", i), nobody)()
	}
	require.LessOrEqual(t, turns.Remembered(), 10_000)
	require.Zero(t, turns.Inside())
}

// Whoever is not looked at does not make those wait who come later.
func TestTurnsDoNotPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := pbx.NewTurnstile()
		turns.Failed("x")
		for range 1000 {
			turns.Turn("x", 10*time.Second)
		}
		time.Sleep(12 * time.Second)
		wait, ok := turns.Turn("x", 10*time.Second)
		require.True(t, ok)
		require.LessOrEqual(t, wait, 5*time.Second)
		time.Sleep(time.Hour)
		turns.Failed("x")
		wait, _ = turns.Turn("x", time.Minute)
		require.LessOrEqual(t, wait, time.Second, "an old queue is forgiven as well")
	})
}
