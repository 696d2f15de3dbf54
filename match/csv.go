package match

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ParseCSV reads a table of two columns, PBX and Teams, as spreadsheets write it:
// separated by semicolons or by commas, in UTF-8 with or without a byte order mark.
// A first line "pbx,teams" may name the columns, "teams,pbx" exchanges them. Empty
// lines, and empty columns beyond the second, are passed over. Errors name the line.
func ParseCSV(r io.Reader) (Table, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("match: read table: %w", err)
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = separator(text)
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = true

	var (
		table   Table
		swapped bool
	)
	for first := true; ; first = false {
		cells, err := reader.Read()
		if err == io.EOF {
			return table, nil
		}
		if err != nil {
			return nil, fmt.Errorf("match: table: %w", err)
		}
		line, _ := reader.FieldPos(0)
		row, err := parseRow(cells)
		if err != nil {
			return nil, fmt.Errorf("match: table: line %d: %w", line, err)
		}
		if swapped {
			row.PBX, row.Teams = row.Teams, row.PBX
		}
		header := fold(row.String())
		switch {
		case row == Row{}:
		case first && header == "pbx = teams":
		case first && header == "teams = pbx":
			swapped = true
		default:
			row.Line = line
			table = append(table, row)
		}
	}
}

// parseRow returns a zero row for a line without any text.
func parseRow(cells []string) (Row, error) {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	switch {
	case !utf8.ValidString(strings.Join(cells, " ")):
		return Row{}, errors.New("not UTF-8: save the file in that encoding")
	case len(cells) == 0:
		return Row{}, nil
	case len(cells) == 2 && strings.TrimSpace(cells[0]) != "":
		return Row{PBX: strings.TrimSpace(cells[0]), Teams: strings.TrimSpace(cells[1])}, nil
	default:
		return Row{}, errors.New("want two columns, the name on the PBX and the one in Teams")
	}
}

// separator returns the semicolon if the first line has one outside quotes, since a
// comma may be part of a Long Name ("Miller, Anna"), and the comma otherwise.
func separator(text string) rune {
	quoted := false
	for _, c := range strings.TrimSpace(text) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';':
			return ';'
		case c == '\n':
			return ','
		}
	}
	return ','
}
