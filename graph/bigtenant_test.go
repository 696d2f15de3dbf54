package graph_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bigTenant is a tenant of so many users that no list of them fits on a page. One of a
// hundred has Teams.
type bigTenant struct {
	size, page int
}

func (c *bigTenant) answer(r call) *http.Response {
	_, after, _ := strings.Cut(r.Query, "from=")
	from, _ := strconv.Atoi(after)
	to := min(from+c.page, c.size)
	users := make([]string, 0, c.page)
	for i := from; i < to; i++ {
		plans := ""
		if i%100 == 0 {
			plans = teamsPlan
		}
		users = append(users, person(fmt.Sprintf("user-%06d", i), plans, true))
	}
	next := ""
	if to < c.size {
		next = fmt.Sprintf(`,"@odata.nextLink":"%s/users?from=%d"`, endpoint, to)
	}
	return reply(200, `{"value":[`+strings.Join(users, ",")+`]`+next+`}`)
}

func TestPeopleOfALargeTenantTakeNoMoreMemoryThanAPage(t *testing.T) {
	// Not parallel: it looks at the memory in use.
	g, c := newTenant(t), &bigTenant{size: 100_000, page: 999}
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	most := int64(0) // while a page was asked for
	g.failing(func(r call) *http.Response {
		most = max(most, inUse())
		return c.answer(r)
	})
	client := g.client()
	before := inUse()
	people, err := client.People(t.Context())
	require.NoError(t, err)
	require.Len(t, people, 1000)
	require.Equal(t, 101, g.count("GET"), "the fewest calls that Graph allows")
	require.Less(t, most-before, int64(20<<20), "bytes beyond those of before")
}
