// Package storetest is the contract of [store.Store] as a test suite. A back-end of
// your own calls it from one test:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return mystore.New() })
//	}
//
// Each clause gets a store of its own. A back-end whose stores share one place, such
// as a database, gives every one a schema or a prefix of its own.
package storetest
