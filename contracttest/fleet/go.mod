module github.com/seed-87e331f0/zohocrm-go/contracttest/fleet

go 1.26.0

replace (
	github.com/seed-87e331f0/zohocrm-go => ../..
	github.com/seed-87e331f0/zohocrm-go/rediscache => ../../rediscache
)
