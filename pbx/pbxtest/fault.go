package pbxtest

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

// fail lets a request come to nothing.
func (c *conn) fail(m message) {
	err := refuse("fault injected")
	c.recordFault(m, err)
	switch m.fault {
	case FaultDrop:
		c.close()
	case FaultRefuse:
		c.refuse(m, err, c.pbx.o.StringErrors)
	case FaultRefuseString:
		c.refuse(m, err, true)
	}
}
