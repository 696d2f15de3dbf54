package storetest_test

import (
	"testing"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
	"github.com/pbx365/connector/store/storetest"
)

// A back-end tries the whole contract from one test.
func ExampleRun() {
	_ = func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store { return memstore.New() })
	}
}
