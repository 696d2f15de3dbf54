package bridge

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// fill sets every field below v to something that is not its zero value.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(string(rune('a' + *n%26)))
	case reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		panic("a kind of field that the test does not know: " + v.Kind().String())
	}
}

func TestARecordKeepsEveryFieldOfAMemory(t *testing.T) {
	t.Parallel()
	var m presence.Memory
	fill(reflect.ValueOf(&m).Elem(), new(int))
	m.ToTeams.Trail[0].Availability, m.ToTeams.Replaced[0].Availability = "", "" // these are known by their activity
	r := recordOf("teams", "guid", 3, m)
	require.Equal(t, m, memoryOf(r))
	require.Equal(t, "teams", r.Teams)
	require.Equal(t, "guid", r.PBX)
	require.EqualValues(t, 3, r.Revision)
	require.Equal(t, presence.Memory{}, memoryOf(recordOf("", "", 0, presence.Memory{})))
}
