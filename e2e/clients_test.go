package e2e

import "testing"

// TestClients runs all scenarios with all clients, and prints the table of clients.
func TestClients(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	startBuildkitd(t, aws)
	img := newImage(t)
	all := append(clients(t), moduleClients(t)...)
	var rows table
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			row := &row{client: c}
			for _, sc := range scenarios(c) {
				t.Run(sc.name, func(t *testing.T) {
					aws.ClearFaults()
					aws.ResetCalls()
					sc.run(t, fixture{aws: aws, client: c, image: img, row: row})
				})
			}
			row.version = newSession(t, aws, c, img, credHelpers).must(t, c.version, "")
			rows = append(rows, row)
		})
	}
	rows.publish(t, len(all))
}
