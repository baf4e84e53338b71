module example.test/walk

go 1.26
