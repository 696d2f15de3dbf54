// Package memstore is a [store.Store] in memory, for tests, for demonstrations and
// for a site that can afford to forget: after a restart nobody knows any more what
// was written and should be taken back.
package memstore
