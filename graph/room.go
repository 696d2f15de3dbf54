package graph

import (
	"errors"
	"io"
	"sync"
)

const (
	// bodyRoom is the memory for bodies that are being read, bodyShare the part of what is
	// left of it that one may have, and bodyBegin what each begins with.
	bodyRoom  = 64 << 20
	bodyShare = 8
	bodyBegin = 4 << 10
)

// errNoRoom is the error of a body for which there is no memory now.
var errNoRoom = errors.New("no room for a body")

// room is memory that bodies share while they are read. What counts is what has arrived of
// a body, not how long it takes, and none may have more than a part of what is left: however
// many there are and whatever they do, the small ones find room beside the large ones. It
// is safe for concurrent use.
type room struct {
	mu   sync.Mutex // protects following
	left int
}

// grow gives up from bytes for to bytes, and reports false where that is too many.
func (r *room) grow(from, to int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if to > r.left/bodyShare {
		return false
	}
	r.left += from - to
	return true
}

// read reads a body of at most most bytes to its end; body itself says that there are more. Done
// must be called when it is not needed any more. It fails with errNoRoom.
func (r *room) read(body io.Reader, most int) (read []byte, done func(), err error) {
	held := 0
	done = func() { r.grow(held, 0) }
	for {
		if len(read) == held {
			more := min(max(2*held, bodyBegin), most+1) // one more, to see that it has ended
			if !r.grow(held, more) {
				return nil, done, errNoRoom
			}
			held = more
			read = append(make([]byte, 0, held), read...)
		}
		n, err := body.Read(read[len(read):held])
		read = read[:len(read)+n]
		switch {
		case errors.Is(err, io.EOF):
			return read, done, nil
		case err != nil:
			return nil, done, err
		}
	}
}
