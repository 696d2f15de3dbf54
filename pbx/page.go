package pbx

import (
	"context"
	"encoding/json"
	"fmt"
)

// Page is the connection of a page that a person has opened, after the login. No API
// of a PBX is behind it: what goes over it is the app's own protocol, JSON objects
// with a member mt. It is safe for concurrent use.
type Page struct {
	// Visitor is the person.
	Visitor Visitor
	// Addr is where the connection comes from.
	Addr string

	conn  *conn
	inbox chan json.RawMessage
}

// pageInbox is how many messages of a page may wait to be received.
const pageInbox = 16

// Receive returns the next message of the page, as it came. A page is not read any
// further while a few messages wait, and given up where that lasts: its pings stay
// unanswered. After the end of the connection Receive returns an error that says why.
func (p *Page) Receive(ctx context.Context) (json.RawMessage, error) {
	select {
	case m := <-p.inbox:
		return m, nil
	case <-p.conn.stopped:
		return nil, fmt.Errorf("page of %s has gone: %w", p.Visitor.Name, p.conn.cause)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Send queues a message for the page: whatever encodes as an object with a member mt.
// It does not wait for the page; one that leaves too much unread is cut off with
// [ErrSlow]. An error says that the message cannot be sent.
func (p *Page) Send(message any) error {
	frame, err := appendJSON(nil, message)
	if err != nil {
		return fmt.Errorf("send to the page of %s: %w", p.Visitor.Name, err)
	}
	if _, err := decode(frame); err != nil {
		return fmt.Errorf("send to the page of %s: %w", p.Visitor.Name, err)
	}
	p.conn.send(frame)
	return nil
}

// deliver hands a message on, and waits until it is taken or the connection ends.
func (p *Page) deliver(m message) {
	select {
	case p.inbox <- m.body:
	case <-p.conn.stopped:
	}
}
