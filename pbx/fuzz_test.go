package pbx_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"mt":"AppChallenge"}`,
		`{"mt":"SetPresenceResult","api":"PbxApi","src":"42","error":1,"errorText":"x"}`,
		`{"mt":"x","src":7,"error":"5"}`, `{"mt":"x","src":null,"error":{}}`, `{"mt":"x","error":-1.5e3}`,
		`{"mt":1}`, `{"MT":"x"}`, `[]`, `null`, `"x"`, `{"mt":"x"} `, "{\"mt\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
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
		if failure != nil {
			require.ErrorIs(t, failure, presence.ErrRefused)
		}
		again, err := json.Marshal(map[string]any{"mt": name, "api": api, "src": src})
		require.NoError(t, err)
		name2, api2, src2, failure2, err := pbx.Decode(again)
		require.NoError(t, err)
		require.NoError(t, failure2)
		require.Equal(t, []string{name, api, src}, []string{name2, api2, src2})
	})
}

func FuzzLogin(f *testing.F) {
	f.Add([]byte(pbxLogin), "admin", "aeaaebe781e80289")
	f.Add([]byte(userLogin), "admin", "277f41a7a5b7b452")
	f.Add([]byte(`{"mt":"AppLogin","info": {"a" : 1}}`), "", "1")
	f.Add([]byte(`{"mt":"AppLogin","info":null,"digest":""}`), "", "")
	f.Fuzz(func(t *testing.T, login []byte, app, challenge string) {
		_, err := pbx.Login(login, app, challenge, "go")
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
			_, err = pbx.Login(login, app, challenge, "another")
			require.ErrorIs(t, err, pbx.ErrDigest)
			return
		}
		require.NotRegexp(t, "[0-9a-f]{64}", err.Error())
	})
}
