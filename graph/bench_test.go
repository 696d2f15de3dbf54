package graph_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

// compare runs both in turn, after next, and reports which part of the speed of bare ours has, as
// the unit. Taking turns and the median keep what else the machine does out of the ratio.
func compare(b *testing.B, unit string, next, ours, bare func()) {
	b.Helper()
	var oursTook, bareTook []time.Duration
	for b.Loop() {
		next()
		start := time.Now()
		ours()
		middle := time.Now()
		bare()
		oursTook = append(oursTook, middle.Sub(start))
		bareTook = append(bareTook, time.Since(middle))
	}
	median := func(took []time.Duration) float64 {
		slices.Sort(took)
		return float64(took[len(took)/2])
	}
	b.ReportMetric(median(bareTook)/median(oursTook), unit)
	b.ReportMetric(median(oursTook), "ns/ours")
}

// BenchmarkBulkRead decodes the answer for 650 people and finds out what differs, which a
// hundredth of them do. Bare is encoding/json over the same bytes.
func BenchmarkBulkRead(b *testing.B) {
	const people = 650
	users := make([]string, people)
	value := make([]map[string]any, people)
	for i := range users {
		users[i] = fmt.Sprintf("00000000-0000-4000-8000-%012x", i)
		value[i] = map[string]any{
			"id": users[i], "availability": "Available", "activity": "Available", "sequenceNumber": "A0639012345678901234",
			"statusMessage": nil, "outOfOfficeSettings": map[string]any{"message": nil, "isOutOfOffice": false}, "workLocation": nil,
		}
	}
	var answer []byte
	reads := 0
	next := func() {
		reads++
		for i := 0; i < people; i += 100 {
			value[i]["activity"] = []string{"Available", "Away"}[reads%2]
			value[i]["sequenceNumber"] = fmt.Sprintf("A%019d", 639012345678901234+reads)
		}
		var err error
		answer, err = json.Marshal(map[string]any{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.presence)", "value": value})
		require.NoError(b, err)
	}
	difference := graph.Difference(users)
	differences := 0
	ours := func() {
		read, err := graph.DecodeBulk(answer, users, time.Now())
		require.NoError(b, err)
		differences += difference(read)
	}
	bare := func() {
		var read struct {
			Value []struct{ ID, Availability, Activity, SequenceNumber string }
		}
		require.NoError(b, json.Unmarshal(answer, &read))
	}
	compare(b, "of-bare", next, ours, bare)
	require.Equal(b, people+7*(reads-1), differences, "the first read is all new")
}

// BenchmarkOpen opens a rich notification. Bare are the operations that it cannot do without.
func BenchmarkOpen(b *testing.B) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	want := []byte(`{"@odata.id":"users/` + user + `/presence","@odata.type":"#microsoft.graph.presence","id":"` + user + `","availability":"Busy","activity":"InACall"}`)
	key := make([]byte, 32)
	_, err = rand.Read(key)
	require.NoError(b, err)
	block, err := aes.NewCipher(key)
	require.NoError(b, err)
	padding := aes.BlockSize - len(want)%aes.BlockSize
	data := append(bytes.Clone(want), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &private.PublicKey, key, nil)
	require.NoError(b, err)
	encrypted := graph.Encrypted{
		Data: base64.StdEncoding.EncodeToString(data), DataKey: base64.StdEncoding.EncodeToString(sealed),
		DataSignature: base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}

	type shown struct{ ID, Availability, Activity string }
	ours := func() {
		plain, err := graph.Open(encrypted, private)
		require.NoError(b, err)
		var p shown
		require.NoError(b, json.Unmarshal(plain, &p))
	}
	bare := func() {
		key, err := rsa.DecryptOAEP(sha1.New(), nil, private, sealed, nil)
		require.NoError(b, err)
		mac := hmac.New(sha256.New, key)
		mac.Write(data)
		mac.Sum(nil)
		block, err := aes.NewCipher(key)
		require.NoError(b, err)
		plain := make([]byte, len(data))
		cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, data)
		var p shown
		require.NoError(b, json.Unmarshal(plain[:len(want)], &p))
	}
	compare(b, "of-bare", func() {}, ours, bare)
}

// BenchmarkNotification is told that somebody has changed, and takes the answer of the read that
// follows, among 100,000 people. Bare is the same among 1,000, in an office that is told of as well.
func BenchmarkNotification(b *testing.B) {
	large, small := graph.Notified(100_000), graph.Notified(1_000)
	compare(b, "of-small", func() {}, large, small)
}
