package pbxtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// shape lists the members of a JSON value and their types, as paths. Elements of an array
// count as one.
func shape(v any) map[string]bool {
	paths := make(map[string]bool)
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			paths[path+" object"] = true
			for name, member := range v {
				walk(path+"."+name, member)
			}
		case []any:
			paths[path+" array"] = true
			for _, element := range v {
				walk(path+"[]", element)
			}
		default:
			paths[fmt.Sprintf("%s %T", path, v)] = true
		}
	}
	walk("", v)
	return paths
}

// shapes reads frames, one a line, and lists their shapes by API and type of message.
func shapes(t *testing.T, lines []string) map[string][]map[string]bool {
	t.Helper()
	all := make(map[string][]map[string]bool)
	for _, line := range lines {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		name := fmt.Sprintf("%v %v", m["api"], m["mt"])
		all[name] = append(all[name], shape(m))
	}
	return all
}

// everyFrame has a PBX and a page send all they have to say.
func everyFrame(t *testing.T) (frames []string) {
	sys := pbxtest.NewSystem("example.com")
	sys.AddUser(pbxtest.User{
		GUID: guid1, Name: "user1", LongName: "User One", DisplayName: "One, User", Number: "201", Node: "root",
		Config: "Config User", Apps: []string{"users"}, Groups: []string{"Support"}, Devices: []string{"hwid"},
		Emails: []string{"user1@example.com"}, Licensed: true,
	})
	sys.SetServices(pbxtest.Service{Name: "calendar", APIs: []string{"com.innovaphone.calendar"}})
	svc := newService(t)
	o := svc.options()
	o.APIs = []string{"PbxApi", "PbxTableUsers", "PbxAdminApi", "RCC", "PbxImpersonation", "Services"}
	o.Version, o.Build = "14r2", "1412345"
	p := sys.AddPBX(o)
	run(t, p)
	l := svc.connection()
	runPage(t, p.Browser(pbxtest.BrowserOptions{User: guid1}))
	page := svc.connection()
	frames = append(frames, `{"mt":"AppChallenge"}`, l.next(), l.next())
	frames = append(frames, page.before...)
	columns := `"guid":{},"h323":{},"cn":{}`
	for _, request := range []string{
		`{"api":"PbxTableUsers","mt":"ReplicateStart","src":"1","columns":{` + columns + `}}`,
		`{"api":"PbxTableUsers","mt":"ReplicateNext","src":"1"}`,
		`{"api":"PbxTableUsers","mt":"ReplicateNext","src":"1"}`,
		`{"api":"PbxTableUsers","mt":"ReplicateStart","src":"1","columns":{` + columns + `,"apps-my":{},"config":{},"devices":{},` +
			`"dn":{},"e164":{},"fax":{},"grps":{},"hide":{},"loc":{},"node":{},"t-allows":{},"wakeups":{}}}`,
		`{"api":"PbxApi","mt":"SubscribePresence","src":"1","sip":"user1"}`,
		`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy","note":"n"}`,
		`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"on-the-phone"}`,
		`{"api":"PbxApi","mt":"AddAlienCall","src":"1","sip":"user1"}`,
		`{"api":"PbxApi","mt":"DelAlienCall","src":"1","id":1}`,
		`{"api":"PbxApi","mt":"UnsubscribePresence","src":"1","sip":"user1"}`,
		`{"api":"PbxApi","mt":"GetNodeInfo","src":"1"}`,
		`{"api":"PbxImpersonation","mt":"CreateApi","src":"1","sip":"user1","target":"PbxApi"}`,
		`{"api":"PbxImpersonation","mt":"DeleteApi","src":"1","target":"PbxApi.0"}`,
		`{"api":"PbxAdminApi","mt":"CheckAppLic","src":"1","h323":"user1","lic":"App(innovaphone-microsoft365)"}`,
		`{"api":"PbxAdminApi","mt":"GetPbxConfig","src":"1"}`,
		`{"api":"PbxAdminApi","mt":"GetAppLogin","src":"1","app":"x","challenge":"1"}`,
		`{"api":"Services","mt":"SubscribeServices","src":"1"}`,
		`{"api":"Services","mt":"GetServiceLogin","src":"1","app":"calendar","challenge":"1"}`,
		`{"api":"RCC","mt":"UserInitialize","src":"1","cn":"User One"}`,
		`{"api":"RCC","mt":"Initialize","src":"1","calls":true}`,
	} {
		l.send(request)
		synctest.Wait()
	}
	call, err := sys.StartCall(guid1, pbxtest.CallOptions{Incoming: true, Remote: "110"})
	require.NoError(t, err)
	call.Connect()
	call.HangUp()
	require.True(t, sys.UpdateUser(guid1, func(u *pbxtest.User) { u.Number = "202" }))
	sys.RemoveUser(guid1)
	for {
		frame := l.next()
		frames = append(frames, frame)
		if strings.Contains(frame, "KeepAlive") {
			return frames
		}
	}
}

// TestGoldenFrames compares what a PBX and a page send with what real ones do: each golden
// frame is sent with just its members in just their types, and no frame of a golden type
// has others.
func TestGoldenFrames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden.jsonl")
	require.NoError(t, err)
	golden := shapes(t, strings.Split(strings.TrimSpace(string(text)), "\n"))
	synctest.Test(t, func(t *testing.T) {
		frames := everyFrame(t)
		sent := shapes(t, frames)
		for name, wanted := range golden {
			known := make(map[string]bool)
			for _, want := range wanted {
				delete(want, ".columns.pwd string") // never served
				maps.Copy(known, want)
				require.True(t, slices.ContainsFunc(sent[name], func(got map[string]bool) bool { return covers(got, want) }),
					"%s: want %v, sent %v", name, slices.Sorted(maps.Keys(want)), sent[name])
			}
			for _, got := range sent[name] {
				for path := range got {
					require.True(t, known[path] || optional[path], "%s: %s", name, path)
				}
			}
		}
	})
}

// optional is what the golden frames do not show and the tables of the SDK do.
var optional = map[string]bool{
	".update string": true, // of a UserInfo
}

// covers reports whether a frame has all members of another, in their types.
func covers(got, want map[string]bool) bool {
	for path := range want {
		if !got[path] {
			return false
		}
	}
	return true
}

// TestGoldenLogins compares the logins of a PBX and a page with recorded ones: the same
// members in the same types and the same order.
func TestGoldenLogins(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/logins.jsonl")
	require.NoError(t, err)
	var recorded []string
	for line := range strings.Lines(string(text)) {
		var l struct{ Login json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(line), &l))
		recorded = append(recorded, outline(t, string(l.Login)))
	}
	require.Len(t, recorded, 3)
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		p := sys.AddPBX(svc.options())
		run(t, p)
		require.Equal(t, recorded[0], outline(t, svc.connection().login.raw))
		require.Equal(t, recorded[1], recorded[0])
		runPage(t, p.Browser(pbxtest.BrowserOptions{User: guid2}))
		require.Equal(t, recorded[2], outline(t, svc.connection().login.raw))
	})
}

// outline is a JSON text with the values of its members replaced by their types.
func outline(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		token, err := dec.Token()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return out.String()
		}
		if name, ok := token.(string); ok && !slices.Contains(loginMembers, name) {
			token = "text"
		}
		fmt.Fprintf(&out, "%v ", token)
	}
}

// loginMembers are the names of members, which outline keeps.
var loginMembers = []string{
	"mt", "app", "domain", "sip", "guid", "dn", "info", "digest", "pbxObj",
	"appobj", "appdn", "appurl", "pbx", "cn", "unlicensed", "groups", "apps", "AppLogin",
}
