package graph_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
)

// Whatever Graph leaves out and in whatever order and case it answers, everybody is told what
// they show.
func TestBulkAnswersFindTheirPeople(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[0-9a-f]{4}`), 1, 30, rapid.ID[string]).Draw(t, "ids")
		answered := rapid.Permutation(ids).Draw(t, "order")[:rapid.IntRange(0, len(ids)).Draw(t, "answered")]
		value := []map[string]string{}
		want := map[string]string{}
		for _, id := range answered {
			want[id] = "Shows" + id
			if rapid.Bool().Draw(t, "upper case") {
				id = strings.ToUpper(id)
			}
			value = append(value, map[string]string{"id": id, "activity": "Shows" + strings.ToLower(id), "sequenceNumber": "A" + strings.ToLower(id)})
		}
		text, err := json.Marshal(map[string]any{"value": value})
		require.NoError(t, err)
		at := time.Now()
		read, err := graph.DecodeBulk(text, ids, at)
		require.NoError(t, err)
		require.Len(t, read, len(ids))
		for i, p := range read {
			require.Equal(t, ids[i], p.User)
			require.Equal(t, at, p.Seen.At)
			if activity, ok := want[p.User]; ok {
				require.Equal(t, activity, p.Seen.Value.Activity)
				require.Equal(t, "A"+p.User, p.Seen.Sequence)
			} else {
				require.Equal(t, "PresenceUnknown", p.Seen.Value.Activity)
				require.Empty(t, p.Seen.Sequence)
			}
		}
	})
}

// FuzzBulk asserts that an answer is either refused without being quoted, or tells of everybody
// asked for and of nobody else.
func FuzzBulk(f *testing.F) {
	f.Add(`{"value":[{"id":"a","availability":"Busy","activity":"InACall"},{"id":"B"}]}`)
	f.Add(`{"value":[]}`)
	f.Add(`{"value":null}`)
	f.Add(`{"value":[{"id":17}]}`)
	f.Add(`{"value":[{"id":"a"},{"id":"a","activity":"Away"}]}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		read, err := graph.DecodeBulk([]byte(text), []string{"a", "b", "c"}, time.Now())
		var list struct{ Value []json.RawMessage }
		if json.Unmarshal([]byte(text), &list) != nil || list.Value == nil {
			require.Error(t, err)
		}
		if err != nil {
			require.Nil(t, read)
			require.LessOrEqual(t, len(err.Error()), 80)
			return
		}
		require.Equal(t, "a b c", strings.Join([]string{read[0].User, read[1].User, read[2].User}, " "))
	})
}
