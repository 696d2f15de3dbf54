package pbx_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// fake is a PBX that answers by rote. Its tables may be changed before it is connected,
// and afterwards while nothing moves.
type fake struct {
	*wire
	name string
	apis string // JSON array

	mu         sync.Mutex        // protects following
	rows       []string          // columns
	licences   map[string]string // by guid: rest of the CheckAppLicResult
	presences  map[string]string // by sip: contacts, JSON array
	handles    map[string]int    // of UserInitialize, by src
	answers    map[string]string // by mt: rest of the result in place of the usual one, "-" is silence
	asked      []map[string]any  // all requests
	subscribed map[string]bool
	next       int
}

// settle is the default of Options.CallsSettle.
const settle = 250 * time.Millisecond

const allAPIs = `["PbxApi","PbxTableUsers","PbxAdminApi","RCC","PbxImpersonation"]`

// newFake returns a PBX with the users a and b, both at home on the PBX "master", licensed
// and available.
func newFake(name string) *fake {
	return &fake{
		name: name,
		apis: allAPIs,
		rows: []string{
			rowOf(guidA, "a", "master"),
			rowOf(guidB, "b", "master"),
		},
		licences:   map[string]string{guidA: `"ok":true`, guidB: `"ok":true`},
		presences:  map[string]string{"a": `[]`, "b": `[]`},
		answers:    map[string]string{},
		subscribed: map[string]bool{},
	}
}

func rowOf(guid, name, home string) string {
	return fmt.Sprintf(`{"guid":%q,"h323":%q,"cn":"Long %s","dn":"Display %s","e164":"20","loc":%q}`, guid, name, name, name, home)
}

// connect logs the PBX in and lets it introduce itself, and waits until its calls
// have settled.
func (f *fake) connect(r *rig) *fake {
	r.t.Helper()
	f.introduce(r, "ms365")
	time.Sleep(settle)
	return f
}

// introduce is connect for an App object of any name, without the wait.
func (f *fake) introduce(r *rig, object string) *fake {
	r.t.Helper()
	f.wire = r.dial("/ms365")
	f.next = 0
	as := asPBX(f.name)
	as.sip = object
	as.info = strings.Replace(as.info, `"appobj":"ms365"`, fmt.Sprintf(`"appobj":%q`, object), 1)
	require.True(r.t, f.login(as))
	go f.serve()
	f.send(fmt.Sprintf(`{"mt":"PbxInfo","domain":"example.com","pbx":%q,"pbxDns":"","apis":%s,"version":"14r2","build":"1412345"}`, f.name, f.apis))
	return f
}

func (f *fake) serve() {
	for {
		select {
		case m := <-f.messages:
			for _, answer := range f.answer(m) {
				f.send(answer)
			}
		case <-f.closed:
			return
		}
	}
}

// answer returns the messages that m brings forth.
func (f *fake) answer(m map[string]any) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, m)
	name, src, api := m["mt"].(string), m["src"], m["api"]
	result := func(rest string) string {
		if canned, ok := f.answers[name]; ok {
			rest = canned
		}
		head, _ := json.Marshal(map[string]any{"mt": name + "Result", "api": api, "src": src})
		if rest == "" {
			return string(head)
		}
		return string(head[:len(head)-1]) + "," + rest + "}"
	}
	if f.answers[name] == "-" {
		return nil
	}
	switch name {
	case "ReplicateNext":
		if f.next++; f.next <= len(f.rows) {
			return []string{result(`"columns":` + f.rows[f.next-1])}
		}
		return []string{result("")}
	case "CheckAppLic":
		return []string{result(f.licences[m["guid"].(string)])}
	case "SubscribePresence":
		contacts, ok := f.presences[m["sip"].(string)]
		if !ok {
			return []string{result(`"error":1,"errorText":"no such user"`)}
		}
		f.subscribed[src.(string)] = true
		if contacts == "" {
			return []string{result("")}
		}
		return []string{
			result(""),
			fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceState","src":%q,"up":true}`, src),
			contactsOf(src.(string), contacts),
		}
	case "UnsubscribePresence":
		delete(f.subscribed, src.(string))
	case "UserInitialize":
		if handle, ok := f.handles[src.(string)]; ok {
			return []string{result(fmt.Sprintf(`"user":%d`, handle))}
		}
	case "CreateApi":
		return []string{result(`"target":"PbxApi.0"`)}
	case "AddAlienCall":
		return []string{result(`"id":7`)}
	}
	return []string{result("")}
}

func contactsOf(guid, contacts string) string {
	return fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceUpdate","src":%q,"presence":%s}`, guid, contacts)
}

// requests returns what was asked since the last call of it, of one kind.
func (f *fake) requests(name string) []map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	var of, rest []map[string]any
	for _, m := range f.asked {
		if m["mt"] == name {
			of = append(of, m)
		} else {
			rest = append(rest, m)
		}
	}
	f.asked = rest
	return of
}

// set changes the tables.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}
