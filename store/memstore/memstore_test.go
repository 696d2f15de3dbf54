package memstore_test

import (
	"testing"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
	"github.com/pbx365/connector/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New() })
}
