package pbx_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
)

// seed adds the recorded and the documented messages to the corpus.
func seed(f *testing.F, add func(frame []byte)) {
	f.Helper()
	for _, file := range []string{"recorded.jsonl", "documented.jsonl"} {
		for _, message := range recorded(f, file) {
			add([]byte(message))
		}
	}
}

// fits asserts that what was decoded is not larger than what came: a byte that is no
// UTF-8 becomes three.
func fits(t *testing.T, frame []byte, decoded ...string) {
	t.Helper()
	require.LessOrEqual(t, len(strings.Join(decoded, "")), 3*len(frame))
}

func FuzzDecode(f *testing.F) {
	seed(f, func(frame []byte) { f.Add(frame) })
	for _, odd := range []string{
		`{"mt":"x","src":7,"error":"5"}`, `{"mt":"x","src":null,"error":{}}`, `{"mt":"x","error":-1.5e3}`, `{"mt":"x","error":0}`,
		`{"mt":1}`, `{"MT":"x"}`, `[]`, `null`, `"x"`, `{"mt":"x"} `, "{\"mt\":\"\xff\"}",
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		name, api, src, failure, err := pbx.Decode(frame)
		if err != nil {
			require.ErrorIs(t, err, pbx.ErrFrame)
			require.Less(t, len(err.Error()), 100, "a frame is not quoted")
			return
		}
		require.True(t, json.Valid(frame))
		require.NotEmpty(t, name)
		fits(t, frame, name, api, src)
		if failure != nil {
			require.ErrorIs(t, failure, pbx.ErrRefused)
			require.Less(t, len(failure.Error()), 5000)
		}
		again, err := pbx.Encode(api, name, src, map[string]any{})
		if err != nil {
			require.Greater(t, 6*len(frame), pbx.MaxFrame)
			return
		}
		name2, api2, src2, failure2, err := pbx.Decode(again)
		require.NoError(t, err)
		require.NoError(t, failure2)
		require.Equal(t, []string{name, api, src}, []string{name2, api2, src2})
	})
}

func FuzzEncode(f *testing.F) {
	f.Add("PbxApi", "SetPresence", "1", `{"note":"<&>"}`)
	f.Add("", "x", "", `{}`)
	f.Add("", "x", "", ` [1]`)
	f.Fuzz(func(t *testing.T, api, name, src, body string) {
		frame, err := pbx.Encode(api, name, src, json.RawMessage(body))
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(frame), pbx.MaxFrame)
		var got, want map[string]any
		require.NoError(t, json.Unmarshal(frame, &got), "%s", frame)
		require.NoError(t, json.Unmarshal([]byte(body), &want))
		for key, value := range want {
			if key != "api" && key != "mt" && key != "src" {
				require.Equal(t, value, got[key])
			}
		}
	})
}

func FuzzLogin(f *testing.F) {
	for i, challenge := range []string{"aeaaebe781e80289", "16d7dbbcccb63612", "277f41a7a5b7b452"} {
		f.Add([]byte(recorded(f, "recorded.jsonl")[i]), []string{"admin", "searchapi", "admin"}[i], challenge)
	}
	f.Add([]byte(`{"mt":"AppLogin","info": {"a" : 1}}`), "", "1")
	f.Add([]byte(`{"mt":"AppLogin","info":null,"digest":""}`), "", "")
	f.Add([]byte(`{"mt":"AppLogin","info":{"lics":"2","groups":[1,{"name":"x"}]}}`), "", "1")
	f.Fuzz(func(t *testing.T, login []byte, app, challenge string) {
		who, _, err := pbx.Login(login, app, challenge, "go")
		fits(t, login, who.App, who.Domain, who.Name, who.GUID, who.DisplayName)
		fits(t, login, who.LongName, who.PBX, who.Object, who.URL, strings.Join(who.Groups, ""), strings.Join(who.Apps, ""))
		if err == nil {
			require.NotEmpty(t, challenge)
			var sent struct{ Digest string }
			require.NoError(t, json.Unmarshal(login, &sent))
			var compact bytes.Buffer
			require.NoError(t, json.Compact(&compact, login))
			asSent, err := pbx.Digest(login, challenge, "go")
			require.NoError(t, err)
			compacted, err := pbx.Digest(compact.Bytes(), challenge, "go")
			require.NoError(t, err)
			require.Contains(t, []string{asSent, compacted}, sent.Digest, "nobody gets in without the digest")
			_, _, err = pbx.Login(login, app, challenge, "another")
			require.ErrorIs(t, err, pbx.ErrDigest)
			return
		}
		require.NotRegexp(t, "[0-9a-f]{64}", err.Error())
	})
}

func FuzzPbxInfo(f *testing.F) {
	seed(f, func(frame []byte) { f.Add(frame) })
	f.Add([]byte(`{"mt":"PbxInfo","pbx":"m","apis":null,"version":13,"build":null}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		domain, name, apis, err := pbx.Info(frame)
		if err != nil {
			require.ErrorIs(t, err, pbx.ErrFrame)
			return
		}
		require.NotEmpty(t, name)
		fits(t, frame, domain, name, strings.Join(apis, ""))
		again, err := pbx.Encode("", "PbxInfo", "", map[string]any{"domain": domain, "pbx": name, "apis": apis})
		if err != nil {
			return
		}
		domain2, name2, apis2, err := pbx.Info(again)
		require.NoError(t, err)
		require.Equal(t, []string{domain, name}, []string{domain2, name2})
		require.True(t, slices.Equal(apis, apis2))
	})
}

func FuzzRow(f *testing.F) {
	seed(f, func(frame []byte) { f.Add(frame, "example.com") })
	f.Add([]byte(`{"mt":"x","columns":{"guid":"1","h323":"a","h323-email":true,"emails":[{"email":"a"},{"email":"a@b"},{"email":"@"},null]}}`), "b")
	f.Fuzz(func(t *testing.T, frame []byte, domain string) {
		u, isUser, err := pbx.Row(frame, domain)
		if err != nil {
			require.ErrorIs(t, err, pbx.ErrFrame)
			return
		}
		require.NotEmpty(t, u.Home)
		require.False(t, isUser && u.GUID == "")
		seen := map[string]bool{}
		for _, address := range u.Emails {
			local, host, _ := strings.Cut(address, "@")
			require.True(t, local != "" && host != "" && !seen[address], address)
			seen[address] = true
		}
		require.LessOrEqual(t, len(u.Emails), len(frame))
		emails := []map[string]string{}
		for _, address := range u.Emails {
			emails = append(emails, map[string]string{"email": address})
		}
		again, err := pbx.Encode("", "ReplicateAdd", "", map[string]any{"columns": map[string]any{
			"guid": u.GUID, "h323": u.Name, "cn": u.LongName, "dn": u.DisplayName, "e164": u.Number, "loc": u.Home, "emails": emails, "grps": u.Groups,
		}})
		if err != nil {
			return
		}
		u2, _, err := pbx.Row(again, domain)
		require.NoError(t, err)
		require.True(t, slices.Equal(valid(u.Emails), u2.Emails))
		u.Emails, u2.Emails = nil, nil
		require.Equal(t, u, u2)
	})
}

// valid replaces in addresses what JSON cannot carry, which only a domain can bring in.
func valid(addresses []string) []string {
	var all []string
	for _, a := range addresses {
		if a = strings.ToValidUTF8(a, "\ufffd"); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

func FuzzContacts(f *testing.F) {
	seed(f, func(frame []byte) { f.Add(frame) })
	f.Add([]byte(`{"mt":"x","presence":[{"contact":"tel:","activity":"on-the-phone"},null,{"contact":"tel:","activity":"away","note":"n"}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		value, phone, err := pbx.Contacts(frame)
		if err != nil {
			require.ErrorIs(t, err, pbx.ErrFrame)
			return
		}
		fits(t, frame, value.Activity, value.Note)
		require.False(t, strings.EqualFold(value.Activity, "on-the-phone"), "nobody has set that")
		contacts := []map[string]string{{"contact": "tel:", "activity": value.Activity, "note": value.Note}}
		if phone {
			contacts = append(contacts, map[string]string{"contact": "im:", "activity": "on-the-phone"})
		}
		again, err := pbx.Encode("", "PresenceUpdate", "", map[string]any{"presence": contacts})
		if err != nil {
			return
		}
		value2, phone2, err := pbx.Contacts(again)
		require.NoError(t, err)
		require.Equal(t, value, value2)
		require.Equal(t, phone, phone2)
	})
}

func FuzzCall(f *testing.F) {
	seed(f, func(frame []byte) { f.Add(frame, []byte(`{"mt":"CallUpdate","msg":"x-conn"}`)) })
	f.Add([]byte(`{"mt":"CallAdd","state":133}`), []byte(`{"mt":"CallInfo","msg":"r-setup","peer":{"dn":"x"}}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		call, err := pbx.Follow(first, second)
		if err != nil {
			require.ErrorIs(t, err, pbx.ErrFrame)
			return
		}
		require.Contains(t, []pbx.CallState{"", pbx.CallDialling, pbx.CallRinging, pbx.CallConnected, pbx.CallParked, pbx.CallDisconnected}, call.State)
		require.False(t, call.State == pbx.CallRinging && !call.Incoming)
		require.False(t, call.State == pbx.CallDialling && call.Incoming)
		fits(t, append(first, second...), call.Peer.Number, call.Peer.Name, call.Peer.DisplayName)
		again, err := pbx.Follow(first, second, []byte(`{"mt":"CallUpdate","msg":"r-rel"}`))
		require.NoError(t, err)
		require.Equal(t, pbx.CallDisconnected, again.State)
		require.Equal(t, call.Peer, again.Peer)
	})
}

func FuzzDecrypt(f *testing.F) {
	f.Add("seed", "89c6dbb2")
	f.Add("", "zz")
	f.Fuzz(func(t *testing.T, seed, ciphertext string) {
		key := pbx.SessionKey("0123456789abcdef", "pwd")
		text, err := key.Decrypt(seed, ciphertext)
		if err != nil {
			require.Less(t, len(err.Error()), 100)
			return
		}
		require.Len(t, text, len(ciphertext)/2)
		require.Equal(t, strings.ToLower(ciphertext), key.Encrypt(seed, text))
	})
}
