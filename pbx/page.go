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
// unanswered. After the end of the connection, and what came before it, Receive returns
// an error that says why.
func (p *Page) Receive(ctx context.Context) (json.RawMessage, error) {
	select {
	case m := <-p.inbox:
		return m, nil
	case <-p.conn.stopped:
	case <-ctx.Done():
	}
	select {
	case m := <-p.inbox:
		return m, nil
	default:
	}
	select {
	case <-p.conn.stopped:
		return nil, p.gone()
	default:
		return nil, context.Cause(ctx)
	}
}

// Send queues a message for the page: whatever encodes as an object with a member mt. It
// waits while the page has much left to read; one that does not read at all is cut off
// with [ErrSlow]. An error says that the message cannot be sent.
func (p *Page) Send(ctx context.Context, message any) error {
	frame, err := appendJSON(nil, message)
	if err == nil {
		_, err = decode(frame)
	}
	if err != nil {
		return fmt.Errorf("send to the page of %s: %w", p.Visitor.Name, err)
	}
	select {
	case p.conn.out <- frame:
		return nil
	case <-p.conn.stopped:
		return p.gone()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Page) gone() error {
	return fmt.Errorf("page of %s has gone: %w", p.Visitor.Name, p.conn.cause)
}

// deliver hands a message on, and waits until it is taken or the connection ends.
func (p *Page) deliver(m message) {
	select {
	case p.inbox <- m.body:
	case <-p.conn.stopped:
	}
}
