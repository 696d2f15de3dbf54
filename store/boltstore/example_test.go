package boltstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/boltstore"
)

func Example() {
	folder, err := os.MkdirTemp("", "connector")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "connector.db")

	for range 2 {
		s, err := boltstore.Open(path, boltstore.Options{})
		if err != nil {
			panic(err)
		}
		links, _ := s.Links(context.Background())
		fmt.Println(len(links), "links")
		s.PutLink(context.Background(), store.Link{Teams: "t1", PBX: "g1"})
		s.Close()
	}
	// Output:
	// 0 links
	// 1 links
}
