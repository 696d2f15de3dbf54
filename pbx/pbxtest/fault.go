package pbxtest

import (
	"slices"
	"strings"
	"time"
)

// Fault is what goes wrong with a request.
type Fault int

const (
	// FaultNone serves the request.
	FaultNone Fault = iota
	// FaultRefuse answers with an error and does nothing.
	FaultRefuse
	// FaultRefuseString is FaultRefuse with the error code as a string, as RCC has it for
	// some operations (SDK page RCC, UserRedirect).
	FaultRefuseString
	// FaultIgnore does nothing and never answers.
	FaultIgnore
	// FaultDrop does nothing and cuts the connection.
	FaultDrop
	// FaultDropAfter serves the request and cuts the connection in place of its result: the
	// effect is there and nobody learns of it. Requests without a result stay unharmed.
	FaultDropAfter
	// FaultLate serves the request and holds its result back for Options.LateBy. Results of
	// other requests overtake it.
	FaultLate
	// FaultSlow serves the request and holds its result back for Options.SlowBy.
	FaultSlow
	// FaultZeroError serves the request and says so with "error":0 in its result.
	FaultZeroError
)

// serves reports whether the request is served all the same.
func (f Fault) serves() bool {
	switch f {
	case FaultRefuse, FaultRefuseString, FaultIgnore, FaultDrop:
		return false
	}
	return true
}

// Refuses reports whether the request is answered with an error.
func (f Fault) Refuses() bool { return f == FaultRefuse || f == FaultRefuseString }

// Failure is a request that something went wrong with.
type Failure struct {
	Time    time.Time
	PBX     string // whose connection it came on
	API, Op string // such as PbxApi and SetPresence
	GUID    string // of the user; "" if the request named none that exists
	Fault   Fault
}

// Failures lists the requests that faults have befallen, oldest first. At least the newest 65536
// are kept.
func (s *System) Failures() []Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// Loss is the end of a connection, whatever has ended it.
type Loss struct {
	Time time.Time
	PBX  string
}

// Losses lists the ends of connections, oldest first. A request that was served on one before, and
// not answered, never is. At least the newest 65536 are kept.
func (s *System) Losses() []Loss {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.losses)
}

// strike keeps what befalls a request. The API of an impersonation goes by the name of what it
// is one of.
func (c *conn) strike(m message) {
	f := Failure{Time: time.Now(), PBX: c.pbx.o.Name, Op: m.MT, Fault: m.fault}
	f.API, _, _ = strings.Cut(m.API, ".")
	u, err := c.addressee(m)
	if a := c.presence[m.API]; a != nil {
		u, err = a.addressee(m)
	}
	if err == nil {
		f.GUID = u.GUID
	}
	c.sys.failures = appendBounded(c.sys.failures, f)
}

// fail lets a request come to nothing.
func (c *conn) fail(m message) {
	err := refuse("fault injected")
	if w, u, ok := c.asked(m); ok {
		c.sys.record(w, u, err)
	}
	switch m.fault {
	case FaultDrop:
		c.close()
	case FaultRefuse:
		c.refuse(m, err, c.pbx.o.StringErrors)
	case FaultRefuseString:
		c.refuse(m, err, true)
	}
}
