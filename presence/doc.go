// Package presence holds what the connector knows about presence, free of any
// protocol: the words of both sides, the tables that carry a value from one to
// the other, and the decision what to write where.
//
// # Tables
//
// [NewTables] returns the default tables with rows of a site in place of theirs,
// and refuses rows that Graph would refuse, or that would never settle. The
// PBX word [Online] takes away what Teams had put there; [OnThePhone] is not a
// presence but an alien call on the PBX and a session in Teams. [Tables.Way] is the way of
// a value there and back. The tables are part of the [Rules], which may differ from person
// to person.
//
// # The decision
//
// Presence is state, not a stream of events. [Rules.Merge] is a pure function of
// what both sides show now (a [View]) and of what is remembered of the person (a
// [Memory]). It looks at two layers:
//
//   - Calls are mirrored while they last. What the connector itself put there
//     is no call.
//   - Values set by people are a three-way merge against the agreed pair, that
//     is, what each side showed when they last agreed. A side that still shows its
//     half has not changed, so the echo of an own write is no change by
//     construction, and there is nothing to suppress and no loop.
//
// A decision is one step: store the Memory, carry out the Action, hand its outcome
// to [Rules.Done], ask again.
//
//	   ┌──────── what is seen ────────┐
//	   ▼                              │
//	Merge ──▶ store ──▶ act ──▶ Done ─┴▶ store
//
// What will have to be taken back is in the Memory before it is written, with its
// [Stage]. A crash at any point leaves a Memory from which Merge goes on: what may
// or may not have arrived is written again.
//
// A write is in flight until its side shows it, shows something newer, or the
// settle time ends with a look. Meanwhile the old value is no change, unless a PBX tells it over a
// connection that has begun since. A write that never shows is reported by [Memory.Hidden] and not
// repeated; where it should have replaced another one of the connector, that one stands.
//
// Teams may show changes late, in their order, up to the settle time. What seems to replace a write
// of the connector may thus be older. It counts, because mostly it is not; the write is [Doubted] until
// the settle time ends, and taken up again if it shows after all. So is one whose repetition is refused:
// an earlier try of it may have arrived.
//
// # Flapping, and others who write
//
// The first change after a quiet time is carried at once. What was written within the last
// second (the Pace of the [Rules]) is not written again yet: changes meanwhile wait, and the last one counts. What belongs
// together waits together: a preferred presence comes back before its session goes.
//
// Values that change back within the settle time of a write (in Teams until the look that
// ends it), three times in five minutes, are
// those of a [Rival], another program that writes the presence of the person. The side is then left alone:
// what changes is agreed and not written, for five minutes at first and twice as long each time the rival
// is back, up to four hours. Calls go on, and so does the other side. Nothing old is written afterwards.
//
// # Why
//
// A [Decision] names each [Rule] that fired, and each [Row] that said what to write because of
// it. [Rules.Apart] says why the sides differ, [Memory.Holdings] what is held on them, and
// [Rules.Waits] what is waited for.
//
// # Health and errors
//
// [Health] is the state of one part of the connector, kept by a [Light].
// [ErrRefused] tells writes that cannot work from those worth another try, and
// [Advice] asks an error who has to do what. [ErrWithdrawn] is no failure: the decision has
// changed while its action waited ([Withdrawable]).
//
// Everything here but [Light] is free of side effects, and everything is safe for
// concurrent use.
package presence
