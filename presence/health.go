package presence

import (
	"sync"
	"time"
)

// State of a part of the connector, as one light shows it.
type State string

// The states of a light, from best to worst.
const (
	StateOK       State = "ok"
	StateStarting State = "starting"
	StateOff      State = "off" // not used in this configuration
	StateFailed   State = "failed"
)

// Health is the state of one part of the connector, for an operator to read.
type Health struct {
	Name  string    `json:"name"`
	State State     `json:"state"`
	Since time.Time `json:"since,omitzero"` // zero for what has not begun yet
	// Detail says in a few words what the state is about, such as "3 of 3 connected".
	Detail string `json:"detail,omitempty"`
	// LastError is the last thing that went wrong, also after it was overcome.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	// Todo is what an administrator has to do; empty where nobody has to.
	Todo string `json:"todo,omitempty"`
}

// Light keeps the Health of one part. It is safe for concurrent use and must be
// made with NewLight.
type Light struct {
	mu     sync.Mutex
	health Health
}

// NewLight returns a light that is starting.
func NewLight(name string) *Light {
	return &Light{health: Health{Name: name, State: StateStarting, Since: time.Now()}}
}

// OK turns the light green. The last error stays readable.
func (l *Light) OK(detail string) { l.set(StateOK, detail, nil) }

// Starting says that the part is not ready yet, and what it waits for.
func (l *Light) Starting(detail string) { l.set(StateStarting, detail, nil) }

// Retrying says that the part was interrupted by err and is expected back by itself.
func (l *Light) Retrying(detail string, err error) { l.set(StateStarting, detail, err) }

// Off says that the part is not used.
func (l *Light) Off(detail string) { l.set(StateOff, detail, nil) }

// Fail turns the light red because of err, with the advice err carries.
func (l *Light) Fail(err error) { l.set(StateFailed, "", err) }

// Health returns the state of now.
func (l *Light) Health() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health
}

func (l *Light) set(s State, detail string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.health.State != s {
		l.health.State, l.health.Since = s, time.Now()
	}
	l.health.Detail, l.health.Todo = detail, ""
	if err != nil {
		l.health.LastError, l.health.LastErrorAt = err.Error(), time.Now()
		l.health.Todo = Advice(err)
	}
}
