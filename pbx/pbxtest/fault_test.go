package pbxtest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestIndicationsOvertakeDelayedResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, func(o *pbxtest.Options) { o.ResultDelay = time.Second })
		start := time.Now()
		l.send(
			`{"api":"PbxApi","mt":"SubscribePresence","src":"a","sip":"user1"}`,
			`{"api":"PbxApi","mt":"SetPresence","src":"b","sip":"user1","activity":"dnd"}`,
			`{"api":"RCC","mt":"Initialize","src":"c"}`,
		)
		var order []string
		for range 8 {
			_, rest, _ := strings.Cut(l.next(), `"mt":"`)
			mt, _, _ := strings.Cut(rest, `"`)
			order = append(order, mt)
		}
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, []string{"PresenceState", "PresenceUpdate", "PresenceUpdate", "UserInfo", "UserInfo"}, order[:5])
		require.ElementsMatch(t, []string{"SubscribePresenceResult", "SetPresenceResult", "InitializeResult"}, order[5:])
	})
}

func TestSlowLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, func(o *pbxtest.Options) { o.FrameTime = time.Second })
		start := time.Now()
		request := `{"api":"PbxApi","mt":"GetNodeInfo"}`
		l.send(request, request, request)
		for range 3 {
			require.Contains(t, l.next(), "GetNodeInfoResult")
		}
		require.Equal(t, 3*time.Second, time.Since(start), "one after the other")
	})
}

func TestInjectedFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fault := pbxtest.FaultIgnore
		sys := newSystem()
		_, l := connected(t, sys, func(o *pbxtest.Options) {
			o.StringErrors = true
			o.Fault = func(string, string) pbxtest.Fault { return fault }
		})
		request := `{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`
		l.send(request)
		l.silent()
		fault = pbxtest.FaultRefuse
		require.Equal(t, `{"api":"PbxApi","mt":"SetPresenceResult","src":"1","error":"1","errorText":"fault injected"}`, l.ask(request))
		require.Empty(t, sys.Activity(guid1))
		fault = pbxtest.FaultNone
		require.Equal(t, `{"api":"PbxApi","mt":"SetPresenceResult","src":"1"}`, l.ask(request))
		require.Equal(t, "busy", sys.Activity(guid1))
		require.Len(t, sys.Writes(), 3)
	})
}

func TestWritesTellWhatWentWrongWithThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		var fault pbxtest.Fault
		_, l := connected(t, sys, func(o *pbxtest.Options) {
			o.Fault = func(string, string) pbxtest.Fault { return fault }
		})
		add := `{"api":"PbxApi","mt":"AddAlienCall","src":"1","sip":"user1"}`
		l.ask(add)
		fault = pbxtest.FaultRefuse
		l.ask(add)
		fault = pbxtest.FaultLate
		l.send(`{"api":"PbxApi","mt":"DelAlienCall","src":"1","id":1}`)
		synctest.Wait()
		fault = pbxtest.FaultDropAfter
		l.send(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`)
		l.gone()
		var faults []pbxtest.Fault
		for _, w := range sys.Writes() {
			faults = append(faults, w.Fault)
		}
		require.Equal(t, []pbxtest.Fault{pbxtest.FaultNone, pbxtest.FaultRefuse, pbxtest.FaultLate, pbxtest.FaultDropAfter}, faults)
	})
}

func TestFailuresAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		fault := pbxtest.FaultNone
		_, l := connected(t, sys, func(o *pbxtest.Options) {
			o.Fault = func(string, string) pbxtest.Fault { return fault }
		})
		create := `{"api":"PbxImpersonation","mt":"CreateApi","src":"1","sip":"user1","target":"PbxApi"}`
		l.ask(create)
		require.Empty(t, sys.Failures())
		fault = pbxtest.FaultRefuse
		l.ask(create)
		l.ask(`{"api":"PbxApi.0","mt":"AddAlienCall","src":"2"}`)
		fault = pbxtest.FaultZeroError
		l.ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","src":"3","columns":{"guid":{}}}`)
		failure := func(api, op, guid string, f pbxtest.Fault) pbxtest.Failure {
			return pbxtest.Failure{Time: time.Now(), PBX: "master", API: api, Op: op, GUID: guid, Fault: f}
		}
		require.Equal(t, []pbxtest.Failure{
			failure("PbxImpersonation", "CreateApi", guid1, pbxtest.FaultRefuse),
			failure("PbxApi", "AddAlienCall", guid1, pbxtest.FaultRefuse),
			failure("PbxTableUsers", "ReplicateStart", "", pbxtest.FaultZeroError),
		}, sys.Failures())
	})
}

func TestEveryEndOfAConnectionIsKept(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(p *pbxtest.PBX, l *link){
		"dropped":  func(p *pbxtest.PBX, _ *link) { p.Drop() },
		"vanished": func(p *pbxtest.PBX, _ *link) { p.Vanish() },
		"a fault": func(_ *pbxtest.PBX, l *link) {
			l.send(`{"api":"PbxTableUsers","mt":"ReplicateStart","src":"1","columns":{"guid":{}}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := newSystem()
				p, l := connected(t, sys, faulty("ReplicateStart", pbxtest.FaultDropAfter))
				require.Empty(t, sys.Losses())
				end(p, l)
				synctest.Wait()
				require.Equal(t, []pbxtest.Loss{{Time: time.Now(), PBX: "master"}}, sys.Losses())
			})
		})
	}
}

func TestSlowAnswersComeInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, faulty("SetPresence", pbxtest.FaultSlow))
		start := time.Now()
		l.ask(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`)
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, "busy", sys.Activity(guid1))
	})
}

func TestWritesAreToldBeforeTheyAreServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		var told []pbxtest.Write
		_, l := connected(t, sys, func(o *pbxtest.Options) {
			o.Arrived = func(w pbxtest.Write) {
				require.Empty(t, sys.Activity(guid1))
				time.Sleep(time.Second)
				told = append(told, w)
			}
		})
		start := time.Now()
		l.ask(`{"api":"PbxApi","mt":"SubscribePresence","src":"1","sip":"user2"}`)
		require.Empty(t, told)
		l.next()
		l.next()
		l.ask(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`)
		require.Equal(t, time.Second, time.Since(start), "it was held up")
		require.Equal(t, []pbxtest.Write{{Time: start, PBX: "master", GUID: guid1, Op: "SetPresence", Activity: "busy"}}, told)
	})
}

// faulty has a fault befall one type of request.
func faulty(mt string, f pbxtest.Fault) func(*pbxtest.Options) {
	return func(o *pbxtest.Options) {
		o.Fault = func(_, request string) pbxtest.Fault {
			if request == mt {
				return f
			}
			return pbxtest.FaultNone
		}
	}
}

func TestFormsOfErrors(t *testing.T) {
	t.Parallel()
	set := `{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`
	license := `{"api":"PbxAdminApi","mt":"CheckAppLic","src":"1","h323":"user1","lic":"App(innovaphone-microsoft365)"}`
	wrong := `{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"nobody"}`
	for name, tc := range map[string]struct {
		fault         pbxtest.Fault
		request, want string
	}{
		"number":          {pbxtest.FaultRefuse, set, `{"api":"PbxApi","mt":"SetPresenceResult","src":"1","error":1,"errorText":"fault injected"}`},
		"string":          {pbxtest.FaultRefuseString, set, `{"api":"PbxApi","mt":"SetPresenceResult","src":"1","error":"1","errorText":"fault injected"}`},
		"zero":            {pbxtest.FaultZeroError, set, `{"api":"PbxApi","mt":"SetPresenceResult","src":"1","error":0}`},
		"zero and more":   {pbxtest.FaultZeroError, license, `{"api":"PbxAdminApi","mt":"CheckAppLicResult","src":"1","error":0,"ok":true}`},
		"zero of a wrong": {pbxtest.FaultZeroError, wrong, `{"api":"PbxApi","mt":"SetPresenceResult","src":"1","error":1,"errorText":"no such user"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, l := connected(t, newSystem(), func(o *pbxtest.Options) {
					o.Fault = func(string, string) pbxtest.Fault { return tc.fault }
				})
				require.Equal(t, tc.want, l.ask(tc.request))
			})
		})
	}
}

func TestFaultsThatCutTheConnection(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault  pbxtest.Fault
		effect string
		err    string
	}{
		"before serving": {pbxtest.FaultDrop, "", "fault injected"},
		"after serving":  {pbxtest.FaultDropAfter, "busy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := newService(t)
				sys := newSystem()
				o := svc.options()
				faulty("SetPresence", tc.fault)(&o)
				run(t, sys.AddPBX(o))
				l := svc.next()
				l.send(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`)
				require.Equal(t, frame{}, l.receive(), "no result, and the end")
				require.Equal(t, tc.effect, sys.Activity(guid1))
				require.Len(t, sys.Writes(), 1)
				require.Equal(t, tc.err, sys.Writes()[0].Err)
				svc.next()
			})
		})
	}
}

func TestRollCallCutBeforeItsResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := connected(t, newSystem(), faulty("Initialize", pbxtest.FaultDropAfter))
		l.send(`{"api":"RCC","mt":"Initialize","src":"1","calls":true}`)
		for f := l.receive(); f != (frame{}); f = l.receive() {
			require.Contains(t, f.text, "UserInfo")
		}
	})
}

func TestDropInTheMiddleOfTheFirstCopy(t *testing.T) {
	t.Parallel()
	for _, fault := range []pbxtest.Fault{pbxtest.FaultDrop, pbxtest.FaultDropAfter} {
		synctest.Test(t, func(t *testing.T) {
			rows := 0
			svc := newService(t)
			o := svc.options()
			o.Fault = func(_, mt string) pbxtest.Fault {
				if mt == "ReplicateNext" {
					rows++
				}
				if rows == 2 {
					return fault
				}
				return pbxtest.FaultNone
			}
			run(t, newSystem().AddPBX(o))
			next := `{"api":"PbxTableUsers","mt":"ReplicateNext"}`
			l := svc.next()
			l.ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"h323":{}}}`)
			require.Contains(t, l.ask(next), "user1")
			l.send(next)
			l.gone()
			l = svc.next()
			require.Contains(t, l.ask(next), "not started", "a copy does not go on where it broke off")
			l.ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"h323":{}}}`)
			require.Contains(t, l.ask(next), "user1")
		})
	}
}

func TestOneLateResult(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		late, every, want time.Duration
	}{
		"by default":            {0, 0, 30 * time.Second},
		"as asked":              {time.Minute, 0, time.Minute},
		"later than the others": {time.Minute, time.Second, 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := newSystem()
				_, l := connected(t, sys, faulty("SetPresence", pbxtest.FaultLate), func(o *pbxtest.Options) {
					o.LateBy, o.ResultDelay, o.KeepAlive = tc.late, tc.every, time.Hour
				})
				start := time.Now()
				l.send(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy"}`)
				require.Contains(t, l.ask(`{"api":"PbxAdminApi","mt":"GetObject","src":"2","sip":"user1"}`), `"a":"busy"`)
				require.Equal(t, tc.every, time.Since(start))
				l.expect(`{"api":"PbxApi","mt":"SetPresenceResult","src":"1"}`)
				require.Equal(t, tc.want, time.Since(start))
			})
		})
	}
}

func TestLateResultsCountAsWaitingFrames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := connected(t, newSystem(), faulty("SetPresence", pbxtest.FaultLate), func(o *pbxtest.Options) { o.QueueLimit = 4 })
		for range 5 {
			l.send(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1"}`)
		}
		l.gone()
	})
}

func TestResultsWithoutSrc(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := connected(t, newSystem(), func(o *pbxtest.Options) { o.ResultsWithoutSrc = true })
		l.send(`{"api":"PbxApi","mt":"SubscribePresence","src":"a","sip":"user2"}`)
		l.expect(
			`{"api":"PbxApi","mt":"SubscribePresenceResult"}`,
			`{"api":"PbxApi","mt":"PresenceState","src":"a","up":true,"sip":"user2","num":"202"}`,
		)
		require.Contains(t, l.next(), `"mt":"PresenceUpdate","src":"a"`)
		l.send(`{"api":"RCC","mt":"Initialize","src":"r"}`)
		l.next()
		l.next()
		l.expect(`{"api":"RCC","mt":"InitializeResult"}`)
	})
}
