package boltstore

import (
	"fmt"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// format is the version of what is in the file: the buckets below, and the JSON
// names of the records. A change that an older version would misread needs a new one.
const format = 1

var (
	metaBucket = []byte("meta")
	formatKey  = []byte("format")
)

// prepare refuses a file that is not of this format and completes an empty one.
func prepare(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return ErrForeign
		}
		var err error
		if meta, err = tx.CreateBucket(metaBucket); err != nil {
			return err
		}
		if err := meta.Put(formatKey, strconv.AppendInt(nil, format, 10)); err != nil {
			return err
		}
	}
	found, err := strconv.Atoi(string(meta.Get(formatKey)))
	switch {
	case err != nil || found < 1:
		return ErrForeign
	case found > format:
		return fmt.Errorf("%w (format %d, this one reads up to %d)", ErrNewer, found, format)
	}
	for _, name := range []string{string(links), string(subscriptions), string(signIns), string(leases)} {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}
