package boltstore_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/boltstore"
)

// edit changes a file behind the back of the package.
func edit(t *testing.T, path string, change func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(change))
	require.NoError(t, db.Close())
}

// put returns a change that puts one value into a bucket, new or not.
func put(bucket, key, value string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	}
}

func TestOpenErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, path string)
		reason  error
		text    string
	}{
		"in use": {
			func(t *testing.T, path string) { open(t, path) },
			boltstore.ErrInUse, "stop the other process",
		},
		"a newer format": {
			func(t *testing.T, path string) { edit(t, path, put("meta", "format", "2")) },
			boltstore.ErrNewer, "format 2, this one reads up to 1): start the newer version",
		},
		"a format that is none": {
			func(t *testing.T, path string) { edit(t, path, put("meta", "format", "one")) },
			boltstore.ErrForeign, "name another file",
		},
		"format 0": {
			func(t *testing.T, path string) { edit(t, path, put("meta", "format", "0")) },
			boltstore.ErrForeign, "name another file",
		},
		"a file of another program": {
			func(t *testing.T, path string) { edit(t, path, put("photos", "a", "b")) },
			boltstore.ErrForeign, "name another file",
		},
		"no such file at all": {
			func(t *testing.T, path string) {
				require.NoError(t, os.WriteFile(path, []byte("# my notes\n"), 0o600))
			},
			boltstore.ErrForeign, "name another file",
		},
		"many zeros": {
			func(t *testing.T, path string) {
				require.NoError(t, os.WriteFile(path, make([]byte, 1<<16), 0o600))
			},
			boltstore.ErrForeign, "name another file",
		},
		"a folder": {
			func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o700)) },
			nil, "check that the folder exists",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			test.prepare(t, path)

			start := time.Now()
			s, err := boltstore.Open(path, boltstore.Options{LockTimeout: 100 * time.Millisecond})
			require.Nil(t, s)
			require.Less(t, time.Since(start), 10*time.Second)
			var opening *boltstore.OpenError
			require.ErrorAs(t, err, &opening)
			require.Equal(t, path, opening.Path)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, test.text)
			require.Contains(t, err.Error(), opening.Advice())
			if test.reason != nil {
				require.ErrorIs(t, err, test.reason)
			}
		})
	}
}

func TestOpenInAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := boltstore.Open(filepath.Join(t.TempDir(), "none", "connector.db"), boltstore.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "check that the folder exists")
}

func TestARefusedFileIsLetGo(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	edit(t, path, put("meta", "format", "2"))
	_, err := boltstore.Open(path, boltstore.Options{})
	require.ErrorIs(t, err, boltstore.ErrNewer)
	edit(t, path, put("meta", "format", "1"))
	open(t, path)
}

func TestDamagedRecordsAreNamedAndTheOthersRead(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), newPath(t)
	s := open(t, path)
	link, err := s.PutLink(ctx, store.Link{Teams: "sound"})
	require.NoError(t, err)
	sub, err := s.PutSubscription(ctx, store.Subscription{Name: "sound", ClientState: "s3cr3t"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	for _, bucket := range []string{"links", "subscriptions", "leases"} {
		edit(t, path, put(bucket, "hurt", `{"ClientState":"s3cr3t","Revision":"s3cr3t"`))
	}

	s = open(t, path)
	links, err := s.Links(ctx)
	requireDamage(t, err)
	require.Equal(t, []store.Link{link}, links)
	subs, err := s.Subscriptions(ctx)
	requireDamage(t, err)
	require.Equal(t, []store.Subscription{sub}, subs)

	for _, call := range []func() error{
		func() error { _, err := s.Link(ctx, "hurt"); return err },
		func() error { _, err := s.PutLink(ctx, store.Link{Teams: "hurt"}); return err },
		func() error { return s.DeleteLink(ctx, "hurt", 1) },
		func() error { _, err := s.Subscription(ctx, "hurt"); return err },
		func() error { _, err := s.PutSubscription(ctx, store.Subscription{Name: "hurt"}); return err },
		func() error { return s.DeleteSubscription(ctx, "hurt", 1) },
		func() error { _, err := s.Expiring(ctx, time.Now()); return err },
		func() error { _, err := s.Acquire(ctx, "hurt", "one", time.Hour); return err },
		func() error { _, err := s.With(store.Lease{Name: "hurt"}).PutLink(ctx, link); return err },
	} {
		requireDamage(t, call())
	}
	_, err = s.PutLink(ctx, link)
	require.NoError(t, err, "a sound record beside a damaged one")
}

func requireDamage(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, boltstore.ErrDamaged)
	require.ErrorContains(t, err, `"hurt"`)
	require.NotContains(t, err.Error(), "s3cr3t")
}

// TestFormat keeps the names of fields in the file: to change one is to change the
// format, or to lose what stands under the old name.
func TestFormat(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), newPath(t)
	at := time.Date(2026, 3, 29, 12, 0, 0, 123456789, time.UTC)
	const (
		link = `{"Teams":"t1","PBX":"g1","Revision":1,
			"Agreed":{"Availability":"Busy","Activity":"InAMeeting","PBX":"meeting"},
			"ToPBX":{"Activity":"meeting","Old":"away","Trail":["busy"],"Tried":true,"State":"s","At":"2026-03-29T12:00:00.123456789Z"},
			"ToTeams":{"Availability":"Away","Activity":"Away","OldAvailability":"Busy","OldActivity":"Busy","OldSequence":"7",
				"Trail":null,"Replaced":null,"Tried":false,"State":"s","At":"2026-03-29T12:00:00.123456789Z","Until":"0001-01-01T00:00:00Z",
				"UnderAvailability":"","UnderActivity":"","UnderUntil":"0001-01-01T00:00:00Z"},
			"Session":{"Availability":"Busy","Activity":"InACall","Sequence":"8","State":"s","At":"2026-03-29T12:00:00.123456789Z","Until":"0001-01-01T00:00:00Z"},
			"Call":{"Home":"hq","ID":1,"Connection":18446744073709551615,"State":"s","At":"2026-03-29T12:00:00.123456789Z"},
			"Last":{"Activity":{"At":"2026-03-29T12:00:00.123456789Z","Value":"meeting","Over":"away"},
				"Preferred":{"At":"0001-01-01T00:00:00Z","Value":"","Over":""},"Session":{"At":"0001-01-01T00:00:00Z","Value":"","Over":""},
				"Call":{"At":"0001-01-01T00:00:00Z","Value":"","Over":""}},
			"TeamsRival":null,
			"PBXRival":{"Ours":"meeting","Theirs":"away","Seen":["2026-03-29T12:00:00.123456789Z"],"Pause":300000000000,"Until":"2026-03-29T12:00:00.123456789Z"}}`
		sub = `{"Name":"users","ID":"id-1","Resource":"users","ChangeType":"updated","NotificationURL":"https://a.example/?b=<c>",
			"CertificateID":"c1","Members":["t1"],"Expires":"2026-03-29T12:00:00.123456789Z","Renewed":"0001-01-01T00:00:00Z",
			"Revision":1,"ClientState":"secret"}`
	)
	s := open(t, path)
	wantLink, err := s.PutLink(ctx, store.Link{
		Teams: "t1", PBX: "g1",
		Agreed: &store.Agreed{Availability: "Busy", Activity: "InAMeeting", PBX: "meeting"},
		ToPBX:  &store.PBXWrite{Activity: "meeting", Old: "away", Trail: []string{"busy"}, Tried: true, State: "s", At: at},
		ToTeams: &store.TeamsWrite{
			Availability: "Away", Activity: "Away",
			OldAvailability: "Busy", OldActivity: "Busy", OldSequence: "7", State: "s", At: at,
		},
		Session: &store.Session{Availability: "Busy", Activity: "InACall", Sequence: "8", State: "s", At: at},
		Call:    &store.Call{Home: "hq", ID: 1, Connection: 1<<64 - 1, State: "s", At: at},
		Last:    store.Writes{Activity: store.Write{At: at, Value: "meeting", Over: "away"}},
		PBXRival: &store.Rival{
			Ours: "meeting", Theirs: "away", Seen: []time.Time{at}, Pause: 5 * time.Minute, Until: at,
		},
	})
	require.NoError(t, err)
	wantSub, err := s.PutSubscription(ctx, store.Subscription{
		Name: "users", ID: "id-1", Resource: "users", ChangeType: "updated", NotificationURL: "https://a.example/?b=<c>",
		ClientState: "secret", CertificateID: "c1", Members: []string{"t1"}, Expires: at,
	})
	require.NoError(t, err)
	_, err = s.Acquire(ctx, "work", "one", time.Hour)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	edit(t, path, func(tx *bolt.Tx) error {
		require.Equal(t, "1", string(tx.Bucket([]byte("meta")).Get([]byte("format"))))
		require.JSONEq(t, link, string(tx.Bucket([]byte("links")).Get([]byte("t1"))))
		require.JSONEq(t, sub, string(tx.Bucket([]byte("subscriptions")).Get([]byte("users"))))
		var lease map[string]any
		require.NoError(t, json.Unmarshal(tx.Bucket([]byte("leases")).Get([]byte("work")), &lease))
		require.Contains(t, lease, "Expires")
		delete(lease, "Expires")
		require.Equal(t, map[string]any{"Name": "work", "Holder": "one", "Term": 1.0}, lease)
		return errors.Join(put("links", "t1", link)(tx), put("subscriptions", "users", sub)(tx))
	})

	s = open(t, path)
	gotLink, err := s.Link(ctx, "t1")
	require.NoError(t, err)
	require.Equal(t, wantLink, gotLink)
	gotSub, err := s.Subscription(ctx, "users")
	require.NoError(t, err)
	require.Equal(t, wantSub, gotSub)
}

func TestOptionsThatDoNotWait(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	eager := boltstore.Options{LockTimeout: -1, BatchDelay: -1}
	s, err := boltstore.Open(path, eager)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.PutLink(t.Context(), store.Link{Teams: "t1"})
	require.NoError(t, err)
	_, err = boltstore.Open(path, eager)
	require.ErrorIs(t, err, boltstore.ErrInUse)
	require.Equal(t, boltstore.Options{LockTimeout: -1, BatchDelay: -1}, eager)
}
