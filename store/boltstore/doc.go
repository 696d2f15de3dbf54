// Package boltstore is a [store.Store] in one file (bbolt): the default where one
// process does the work.
//
// A record is one JSON object. A write returns when the file is synced; writers that
// come within [Options.BatchDelay] share one sync, so thousands of links can be
// written in a second from many goroutines, and some hundred from one.
//
// The file belongs to one process at a time and holds secrets (the client states of
// the subscriptions): it is created readable for its owner alone.
package boltstore
