// Package bridge is the engine: it knows who is who, and keeps the presence of
// each linked person the same in Teams and on the PBX.
//
// # The way of a value
//
//	Teams feed ──▶ TeamsSeen ─┐                        ┌─▶ PBX port ──▶ PBX session
//	                          ├─▶ link ─▶ Merge ─▶ act ┤
//	PBX session ──▶ PBXSeen ──┘     │                  └─▶ Teams port ──▶ Graph
//	                                ▼
//	                              store
//
// Calls go one way. The edges call in with what they saw ([Bridge.TeamsSeen],
// [Bridge.PBXSeen] and the lists of people); the bridge calls out, through the two
// ports [Teams] and [PBX], with what to do. Nothing calls back up.
//
// # Level, not edge
//
// The methods that take observations only keep the latest one of each side and
// mark its link. They never block and never fail. Each link is worked on by at most
// one goroutine, which decides ([presence.Rules.Merge]), stores, acts, stores, and
// decides again until there is nothing to do. Observations that arrive meanwhile
// coalesce: what counts is the latest. A person, a PBX or a Graph that is slow holds
// up nobody else. A write that still waits to be sent, because Graph throttles, when
// something else would be decided is withdrawn, and is no failure: it was never decided.
//
// # Why
//
// [Bridge.Explain] says why a person shows what they show: what each side says, the agreed
// pair, what is held and waited for, why the sides differ, and a timeline of what happened
// lately. What happens again and again takes one entry of the 32 that are kept, so that a
// timeline reaches back over hours however often the same is seen. A full one takes less
// than 4 KiB, so ten thousand of them less than 40 MB, and a look that shows nothing new
// costs it 0.2 µs. It is lost with the process.
//
// # What is remembered
//
// Every change of a link's memory is in the store before the write that it
// announces. A process that dies at any point goes on from there.
//
// # Who is linked
//
// Links follow the matching of both lists. It begins when both are complete, so
// that a PBX that is not connected yet does not look like one without users. A
// link ends when its person is gone from either list, has lost the licence or is
// matched with somebody else. Then, and on [Bridge.Release], what the connector
// had written is taken back, until nothing is left; then its record is deleted.
// When [Bridge.Run] ends, it ends sessions and alien calls, and leaves the rest
// for the next start.
package bridge
