package pbx_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

func TestEmails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		columns string
		want    []string
	}{
		"none":                           {``, nil},
		"complete address":               {`,"emails":[{"email":"x@y.z"}]`, []string{"x@y.z"}},
		"address of the own domain":      {`,"emails":[{"email":"x"}]`, []string{"x@example.com"}},
		"name as address":                {`,"h323-email":true`, []string{"a@example.com"}},
		"name as address after the rest": {`,"h323-email":true,"emails":[{"email":"x"}]`, []string{"x@example.com", "a@example.com"}},
		"name is no address":             {`,"h323-email":false`, nil},
		"twice the same":                 {`,"h323-email":true,"emails":[{"email":"a"}]`, []string{"a@example.com"}},
		"empty":                          {`,"emails":[{"email":""},{}]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.rows = []string{`{"guid":"` + guidA + `","h323":"a"` + test.columns + `}`}
				f.connect(r)
				events := r.take()
				require.Equal(t, test.want, events[1].(pbx.UserSeen).User.Emails)
			})
		})
	}
}

func TestRecordedRow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{LicenceOff: true})
		f := newFake("master")
		f.rows = nil
		f.connect(r)
		r.take()
		f.send(`{"mt":"ReplicateUpdate","src":"src_1677998086155540423","api":"PbxTableUsers","columns":{"apps-my":"users","cn":"Charlotte Maihoff","config":"Config User","devices":[{"hw":"hwid","text":"name","app":"app","admin":true,"no-filter":true,"tls":true,"no-mob":true,"trusted":true,"sreg":true,"mr":true}],"dn":"Maihoff, Charlotte","e164":"403","fax":false,"grps":[{"name":"Support"},{"name":"pats_haus1"}],"guid":"66eaaee678464cffb9a3c8ae259fedd2","h323":"charlottemaihoff","hide":false,"loc":"pbx-main","node":"master","pwd":"f8c26f","t-allows":[{"name":"@fritz.box","online":true,"presence":true,"otf":true,"note":true,"visible":true}],"wakeups":[]}}`)
		require.Equal(t, pbx.UserSeen{User: pbx.User{
			GUID: "66eaaee678464cffb9a3c8ae259fedd2", Name: "charlottemaihoff", LongName: "Charlotte Maihoff",
			DisplayName: "Maihoff, Charlotte", Number: "403", Home: "pbx-main", Licensed: true,
			Groups: []string{"Support", "pats_haus1"},
		}}, r.take()[0])
	})
}

func TestUserWithoutHomeLivesOnTheMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = []string{`{"guid":"` + guidA + `","h323":"a"}`}
		f.connect(r)
		events := r.take()
		require.Equal(t, "master", events[1].(pbx.UserSeen).User.Home)
		require.True(t, r.seen(events).Counted)
	})
}

func TestLiveChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.connect(r)
		r.take()
		change := func(name, columns string) []string {
			f.send(fmt.Sprintf(`{"api":"PbxTableUsers","mt":%q,"columns":%s}`, name, columns))
			return kinds(r.take())
		}
		require.Equal(t, []string{"user", "seen"}, change("ReplicateAdd", rowOf(guidB, "b", "master")))
		require.Empty(t, change("ReplicateUpdate", rowOf(guidB, "b", "master")), "nothing has changed")
		require.Equal(t, []string{"lost", "gone"}, change("ReplicateUpdate", `{"guid":"`+guidB+`","pseudo":"<pseudo/>"}`))
		require.Equal(t, []string{"lost", "gone"}, change("ReplicateDel", `{"guid":"`+guidA+`"}`))
		require.Empty(t, change("ReplicateDel", `{"guid":"`+guidA+`"}`))
		require.Empty(t, f.subscribed)
		require.Empty(t, change("ReplicateAdd", `{}`))
		require.EqualValues(t, 1, r.server.Counters().BadFrames)
	})
}

func TestReplicationRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		start := f.requests("ReplicateStart")
		require.Len(t, start, 1)
		require.Equal(t, []any{""}, start[0]["pseudo"])
		require.Equal(t, false, start[0]["add"])
		require.NotContains(t, start[0]["columns"], "pwd")
		require.Len(t, f.requests("ReplicateNext"), 3)
	})
}

func TestFailedReplicationIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"ReplicateStart", "ReplicateNext"} {
		for name, answer := range map[string]string{"refused": `"error":"7","errorText":"no"`, "silence": "-"} {
			t.Run(request+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, pbx.Options{})
					f := newFake("master")
					f.answers[request] = answer
					f.connect(r)
					require.Equal(t, []string{"up"}, kinds(r.take()))
					time.Sleep(30 * time.Second)
					synctest.Wait()
					require.Equal(t, presence.StateFailed, r.light("master PBX").State)
					f.set(func() { clear(f.answers); f.next = 0 })
					time.Sleep(time.Minute)
					require.Contains(t, kinds(r.take()), "synced")
					require.Equal(t, presence.StateOK, r.light("master PBX").State)
				})
			})
		}
	}
}

func TestMalformedRowDropsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		require.NoError(t, f.conn.Close())
		r.take()
		f.rows[0] = `{"guid":17}`
		f.connect(r)
		events := kinds(r.take())
		require.Contains(t, events, "synced")
		require.NotContains(t, events, "gone")
		require.EqualValues(t, 1, r.server.Counters().BadFrames)
	})
}

func TestEndlessMalformedRowsAreGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["ReplicateNext"] = `"columns":[]`
		f.connect(r)
		require.Equal(t, []string{"up"}, kinds(r.take()))
		require.EqualValues(t, 101, r.server.Counters().BadFrames)
		require.Equal(t, presence.StateFailed, r.light("master PBX").State)
	})
}

func TestLicence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{LicenceEvery: 10 * time.Minute})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.licences[guidA] = ""
		f.connect(r)
		events := r.take()
		require.Equal(t, []string{"up", "user", "synced"}, kinds(events))
		require.False(t, events[1].(pbx.UserSeen).User.Licensed)
		require.Equal(t, "App(innovaphone-microsoft365)", f.requests("CheckAppLic")[0]["lic"])

		f.set(func() { f.licences[guidA] = `"ok":true` })
		time.Sleep(11 * time.Minute)
		events = r.take()
		require.Equal(t, []string{"user", "seen"}, kinds(events))
		require.True(t, events[0].(pbx.UserSeen).User.Licensed)

		f.set(func() { f.licences[guidA] = `"ok":false` })
		time.Sleep(11 * time.Minute)
		require.Equal(t, []string{"user", "lost"}, kinds(r.take()))
		require.Empty(t, f.subscribed)
	})
}

func TestLicenceWithoutAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ answer, err string }{
		"silence":   {"-", "no answer in time"},
		"refused":   {`"error":"3","errorText":"busy"`, `error 3 "busy"`},
		"malformed": {`"ok":"yes"`, "bad frame: \"CheckAppLicResult\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{LicenceEvery: time.Minute})
				f := newFake("master")
				f.rows = f.rows[:1]
				f.answers["CheckAppLic"] = test.answer
				f.connect(r)
				time.Sleep(11 * time.Second)
				require.Equal(t, []string{"up"}, kinds(r.take()), "whether the user holds it is not known")
				require.Equal(t, "master: 1 of 1 licences to check", r.light("master PBX").Detail)
				require.Contains(t, r.light("master PBX").LastError, test.err)

				f.set(func() { clear(f.answers) })
				time.Sleep(time.Minute)
				require.Equal(t, []string{"user", "synced", "seen"}, kinds(r.take()))

				f.set(func() { f.answers["CheckAppLic"] = test.answer })
				time.Sleep(5 * time.Minute)
				require.Empty(t, r.take(), "what was known stays")
			})
		})
	}
}

func TestOneLicenceThatCannotBeCheckedHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"refused": `"error":3`, "malformed": `"ok":"yes"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.licences[guidA] = answer
				slices.Reverse(f.rows)
				f.connect(r)
				time.Sleep(time.Minute)
				require.NotContains(t, kinds(r.take()), "synced", "the next try may succeed")
				require.Equal(t, "master: 1 of 2 licences to check", r.light("master PBX").Detail)
				time.Sleep(time.Minute)
				events := r.take()
				require.Equal(t, []string{"user", "synced"}, kinds(events))
				require.Equal(t, guidA, events[0].(pbx.UserSeen).User.GUID)
				require.False(t, events[0].(pbx.UserSeen).User.Licensed)
				require.Equal(t, presence.StateOK, r.light("master PBX").State)
				require.Equal(t, "master, 2 users; licences that cannot be checked, and count as not held: 1", r.light("master PBX").Detail)
				require.Contains(t, r.light("master PBX").LastError, "CheckAppLic")
				require.Contains(t, r.log.String(), "licence cannot be checked")

				f.set(func() { f.licences[guidA] = `"ok":true` })
				time.Sleep(time.Minute)
				events = r.take()
				require.Equal(t, []string{"user", "seen"}, kinds(events))
				require.True(t, events[0].(pbx.UserSeen).User.Licensed)
				require.Equal(t, "master, 2 users", r.light("master PBX").Detail)
			})
		})
	}
}

func TestUserWhoseLicenceCannotBeCheckedIsDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.licences[guidB] = `"error":3`
		f.connect(r)
		time.Sleep(2 * time.Minute)
		require.Contains(t, r.light("master PBX").Detail, "count as not held: 1")
		for range 2 {
			f.send(`{"api":"PbxTableUsers","mt":"ReplicateDel","columns":` + rowOf(guidB, "b", "master") + `}`)
			synctest.Wait()
			require.Equal(t, "master, 1 users", r.light("master PBX").Detail)
			f.send(`{"api":"PbxTableUsers","mt":"ReplicateAdd","columns":` + rowOf(guidB, "b", "master") + `}`)
			time.Sleep(3 * time.Minute)
			require.Contains(t, r.light("master PBX").Detail, "count as not held: 1")
		}
	})
}

func TestNobodyIsGivenUpWhileNoLicenceIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["CheckAppLic"] = `"error":3`
		f.connect(r)
		time.Sleep(time.Hour)
		require.Equal(t, []string{"up"}, kinds(r.take()))
		f.set(func() { clear(f.answers); f.licences[guidA] = `"error":3` })
		time.Sleep(time.Minute)
		require.Equal(t, []string{"user", "seen"}, kinds(r.take()), "the refusals before do not count")
		f.set(func() { f.licences[guidA] = `"ok":true` })
		time.Sleep(time.Minute)
		events := r.take()
		require.Equal(t, []string{"user", "synced", "seen"}, kinds(events))
		require.True(t, events[0].(pbx.UserSeen).User.Licensed)
	})
}

func TestLicenceAnsweredByAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{LicenceEvery: time.Minute})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.connect(r)
		r.take()
		answer := func(rest string) []string {
			f.set(func() { f.answers["CheckAppLic"] = rest })
			time.Sleep(2 * time.Minute)
			return kinds(r.take())
		}
		require.Empty(t, answer(`"error":3`), "an error takes nothing away")
		require.Equal(t, []string{"user", "lost"}, answer(""))
		require.Empty(t, answer(`"error":3`), "nor does it give")
		require.Equal(t, []string{"user", "seen"}, answer(`"ok":true`))
	})
}

func TestLicenceAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options  pbx.Options
		apis     string
		answer   string
		licensed bool
	}{
		"held":            {pbx.Options{}, allAPIs, `"ok":true`, true},
		"not held":        {pbx.Options{}, allAPIs, `"ok":false`, false},
		"check is off":    {pbx.Options{LicenceOff: true}, allAPIs, `"ok":false`, true},
		"API not enabled": {pbx.Options{}, `["PbxTableUsers"]`, `"ok":false`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.options)
				f := newFake("master")
				f.apis = test.apis
				f.licences[guidA] = test.answer
				f.rows = f.rows[:1]
				f.connect(r)
				require.Equal(t, test.licensed, r.take()[1].(pbx.UserSeen).User.Licensed)
			})
		})
	}
}

func TestLastUnsettledUserIsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.answers["CheckAppLic"] = "-"
		f.connect(r)
		require.NotContains(t, kinds(r.take()), "synced")
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":{"guid":"` + guidA + `","h323":"a","pseudo":"<pseudo/>"}}`)
		require.Equal(t, []string{"synced"}, kinds(r.take()))
	})
}

// A master that refuses to tell licences takes none away, whatever it has told before.
func TestNobodyIsGivenUpWhileNoLicenceIsToldAnyMore(t *testing.T) {
	t.Parallel()
	for _, fault := range []pbxtest.Fault{pbxtest.FaultRefuse, pbxtest.FaultIgnore} {
		for _, told := range []int{1, 9} {
			t.Run(fmt.Sprintf("fault %d after %d", fault, told), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t, pbx.Options{})
					for i := range 10 {
						s.system.AddUser(pbxtest.User{Name: fmt.Sprint("u", i), Licensed: true})
					}
					asked, begin := 0, time.Now()
					s.start(pbxtest.Options{Fault: func(_, mt string) pbxtest.Fault {
						if mt == "CheckAppLic" {
							asked++
						}
						if mt == "CheckAppLic" && asked > told && time.Since(begin) < 15*time.Minute {
							return fault
						}
						return pbxtest.FaultNone
					}})
					for range 14 {
						time.Sleep(time.Minute)
						require.Len(t, s.people(), told)
						require.Zero(t, s.copies())
					}
					time.Sleep(3 * time.Minute)
					require.Equal(t, 10, s.sees())
					require.Equal(t, 1, s.copies())
				})
			})
		}
	}
}
