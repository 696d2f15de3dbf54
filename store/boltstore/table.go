package boltstore

import (
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/pbx365/connector/store"
)

// table is the name of a bucket, and the type of the records in it: one JSON object
// each, ordered by key. Its methods need a transaction and do not outlive it.
type table[R any] string

const (
	links         table[store.Link]   = "links"
	subscriptions table[subscription] = "subscriptions"
	signIns       table[store.SignIn] = "sign-ins"
	leases        table[store.Lease]  = "leases"
)

// get returns [store.ErrNotFound] for an absent record.
func (t table[R]) get(tx *bolt.Tx, key string) (R, error) {
	data := tx.Bucket([]byte(t)).Get([]byte(key))
	if data == nil {
		var none R
		return none, store.ErrNotFound
	}
	return t.decode(key, data)
}

// getOrZero returns a zero record for an absent one: one of revision 0.
func (t table[R]) getOrZero(tx *bolt.Tx, key string) (R, error) {
	record, err := t.get(tx, key)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return record, err
}

// all returns the readable records, and an error that names the others.
func (t table[R]) all(tx *bolt.Tx) ([]R, error) {
	var (
		records []R
		damage  error
	)
	err := tx.Bucket([]byte(t)).ForEach(func(key, data []byte) error {
		record, err := t.decode(string(key), data)
		if err != nil {
			damage = errors.Join(damage, err)
			return nil
		}
		records = append(records, record)
		return nil
	})
	return records, errors.Join(err, damage)
}

func (t table[R]) put(tx *bolt.Tx, key string, record R) error {
	data, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(t)).Put([]byte(key), data)
}

func (t table[R]) delete(tx *bolt.Tx, key string) error {
	return tx.Bucket([]byte(t)).Delete([]byte(key))
}

// next returns a revision that no record of the table has had.
func (t table[R]) next(tx *bolt.Tx) (int64, error) {
	n, err := tx.Bucket([]byte(t)).NextSequence()
	return int64(n), err
}

// decode leaves the text of the JSON error out: it may quote the record.
func (t table[R]) decode(key string, data []byte) (R, error) {
	var record R
	if json.Unmarshal(data, &record) != nil {
		var none R
		return none, fmt.Errorf("%w %q in %s (%d bytes): restore the file from a backup", ErrDamaged, key, t, len(data))
	}
	return record, nil
}
